import { recordSchema, text } from './schema-options.js';

/** A target that has, or had, backups: so that asking for the targets does not mean reading all records. */
export interface TargetDocument {
  readonly target: string;
}

export const targetSchema = recordSchema<TargetDocument>('targets', { target: text });

targetSchema.index({ target: 1 }, { unique: true });
