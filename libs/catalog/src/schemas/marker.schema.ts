import { Schema } from 'mongoose';
import { schemaOptions, text } from './schema-options.js';

/** The document that marks this database as the catalogue's own: dumps leave it out and nothing is restored over it (libs/engine looks for it). */
export interface MarkerDocument {
  readonly _id: string;
}

export const markerId = 'marker';

export const markerSchema = new Schema<MarkerDocument>(
  { _id: text },
  { ...schemaOptions, collection: '_hazina_catalog' },
);
