import { recordSchema, text } from './schema-options.js';

/** The document that marks this database as the catalogue's own: dumps leave it out and nothing is restored over it (libs/engine looks for it). */
export interface MarkerDocument {
  readonly _id: string;
}

export const markerId = 'marker';

export const markerSchema = recordSchema<MarkerDocument>('_hazina_catalog', { _id: text });
