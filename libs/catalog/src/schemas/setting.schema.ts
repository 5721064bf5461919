import { Schema } from 'mongoose';
import { schemaOptions, text } from './schema-options.js';

/** One fact about the installation, by its name. */
export interface SettingDocument {
  readonly name: string;
  readonly value: string;
}

export const settingSchema = new Schema<SettingDocument>(
  { name: text, value: text },
  { ...schemaOptions, collection: 'settings' },
);

settingSchema.index({ name: 1 }, { unique: true });
