import { BSON } from 'mongodb';

/**
 * A BSON document whose fields keep their order and their number types. Options and index definitions travel in this form: a plain object
 * would sort fields that look like integers to the front and trip over `__proto__`.
 */
export type BsonMap = Map<string, unknown>;

const type = { document: 3, array: 4, timestamp: 17 } as const;

const scalarOptions = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
  validation: { utf8: false },
} as const;

/** Decodes a document into nested Maps, arrays and BSON value types. Nothing of the result refers to `bytes`. */
export function decodeToMap(bytes: Uint8Array): BsonMap {
  return new Map(fieldsOf(bytes));
}

function fieldsOf(bytes: Uint8Array): [string, unknown][] {
  return elementsOf(bytes).map(({ kind, name, value }) => {
    if (kind === type.document) return [name, decodeToMap(value)];
    if (kind === type.array) return [name, fieldsOf(value).map(([, item]) => item)];
    return [name, decodeScalar(kind, value)];
  });
}

/** The fields of a document, or the elements of an array, in their order; nothing is decoded, the values are views. */
export function elementsOf(bytes: Uint8Array): RawField[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from(BSON.onDemand.parseToElements(bytes), ([kind, nameOffset, nameLength, offset, length]) => ({
    kind,
    name: view.toString('utf8', nameOffset, nameOffset + nameLength),
    value: view.subarray(offset, offset + length),
  }));
}

/** The driver's own decoder sees a document of one field, so that every scalar type is its business. */
function decodeScalar(kind: number, value: Uint8Array): unknown {
  const document = composeDocument([{ kind, name: 'v', value }]);
  return (BSON.deserialize(document, scalarOptions) as { v: unknown }).v;
}

export interface RawField {
  /** BSON element type. */
  readonly kind: number;
  readonly name: string;
  /** The value's bytes as they stand in a document. */
  readonly value: Uint8Array;
}

/** A document from raw values: what goes in comes out byte for byte. */
export function composeDocument(fields: readonly RawField[]): Buffer {
  const parts: Uint8Array[] = [Buffer.alloc(4)];
  for (const field of fields)
    parts.push(Buffer.from([field.kind]), Buffer.from(`${field.name}\0`, 'utf8'), field.value);
  parts.push(Buffer.from([0]));
  const document = Buffer.concat(parts);
  document.writeInt32LE(document.length, 0);
  return document;
}

export function documentField(name: string, document: Uint8Array): RawField {
  return { kind: type.document, name, value: document };
}

/** An array is a document whose names are its indexes. */
export function arrayField(name: string, documents: readonly Uint8Array[]): RawField {
  const value = composeDocument(documents.map((document, index) => documentField(String(index), document)));
  return { kind: type.array, name, value };
}

/** The `_id` of a document as it stands there; undefined when it has none. */
export function rawId(document: Uint8Array): RawField | undefined {
  return rawField(document, '_id');
}

/** A top-level field, by a name of plain letters. */
export function rawField(document: Uint8Array, name: string): RawField | undefined {
  const view = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  for (const [kind, nameOffset, nameLength, offset, length] of BSON.onDemand.parseToElements(document)) {
    if (nameLength === name.length && view.toString('latin1', nameOffset, nameOffset + nameLength) === name)
      return { kind, name, value: view.subarray(offset, offset + length) };
  }
  return undefined;
}

/** The field `q` of an update or delete that means the document with this `_id`. */
export function idQuery(id: RawField): RawField {
  // $eq, so that an _id that looks like an expression is a value.
  return documentField('q', composeDocument([documentField('_id', composeDocument([{ ...id, name: '$eq' }]))]));
}

/**
 * Whether a top-level field other than `_id` is `Timestamp(0, 0)`: servers put the current time in its place on insert, unless they know
 * `bypassEmptyTsReplacement`.
 */
export function hasEmptyTimestamp(document: Uint8Array): boolean {
  const view = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  // The type byte may stand anywhere; without one there is nothing to parse.
  if (!view.includes(type.timestamp)) return false;
  for (const [kind, nameOffset, nameLength, offset] of BSON.onDemand.parseToElements(document)) {
    if (kind !== type.timestamp || view.readBigUInt64LE(offset) !== 0n) continue;
    if (view.toString('latin1', nameOffset, nameOffset + nameLength) !== '_id') return true;
  }
  return false;
}

/** The documents of a run: whole BSON documents one after the other. Each is a view. */
export function* documentsOfRun(run: Buffer): Generator<Buffer> {
  let offset = 0;
  while (offset < run.length) {
    const end = offset + run.readInt32LE(offset);
    yield run.subarray(offset, end);
    offset = end;
  }
}
