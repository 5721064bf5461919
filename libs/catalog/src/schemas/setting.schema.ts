import { recordSchema, text } from './schema-options.js';

/** One fact about the installation, by its name. */
export interface SettingDocument {
  readonly name: string;
  readonly value: string;
}

export const settingSchema = recordSchema<SettingDocument>('settings', { name: text, value: text });

settingSchema.index({ name: 1 }, { unique: true });
