import { composeDocument, rawId } from '../load/raw-bson.js';

/** `{_id: …}` of a raw document, byte for byte; `{}` of one that has none. */
export function documentId(document: Buffer): Buffer {
  const id = rawId(document);
  return composeDocument(id === undefined ? [] : [id]);
}
