import { Schema } from 'mongoose';

/** A record as Mongoose holds it. */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * What all schemas share. Unknown fields are errors, in documents and in filters: Mongoose would leave an unknown field of a filter away, and the
 * filter would match more than was meant. Indexes and collections are made by `buildIndexes` alone, which can wait and report.
 */
const schemaOptions = {
  strict: 'throw',
  strictQuery: 'throw',
  minimize: false,
  optimisticConcurrency: true,
  autoIndex: false,
  autoCreate: false,
  bufferCommands: false,
  id: false,
} as const;

/** `collection` is a name that Mongoose wants for itself, in documents with methods; these are plain values. */
const partOptions = {
  suppressReservedKeysWarning: true,
  _id: false,
  id: false,
  strict: 'throw',
  strictQuery: 'throw',
  minimize: false,
} as const;

/** The schema of a collection; every field of the document's type must be there, and no other. */
export function recordSchema<T>(collection: string, fields: Readonly<Record<keyof T & string, unknown>>): Schema<T> {
  return new Schema({ ...fields } as Record<string, unknown>, { ...schemaOptions, collection });
}

/** A document inside a document, without an id of its own. */
export function part(definition: Record<string, unknown>): Schema {
  return new Schema(definition, partOptions);
}

export const text = { type: String, required: true } as const;
export const textOrNull = { type: String, default: null } as const;
export const number = { type: Number, required: true } as const;
export const numberOrNull = { type: Number, default: null } as const;
export const counter = { type: Number, required: true, default: 0 } as const;
export const date = { type: Date, required: true } as const;
export const dateOrNull = { type: Date, default: null } as const;
export const flag = { type: Boolean, required: true, default: false } as const;
export const texts = { type: [String], default: () => [] } as const;
/** The empty text is a value here, which `required` refuses. */
export const anyText = { type: String, default: '' } as const;

export function partOrNull(schema: Schema): { type: Schema; default: null } {
  return { type: schema, default: null };
}

export function list(schema: Schema): { type: Schema[]; default: () => never[] } {
  return { type: [schema], default: () => [] };
}
