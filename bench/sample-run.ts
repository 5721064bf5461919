import { BSON } from 'mongodb';
import { sampleDocument, seededRandom } from '../test/support/sample-data.js';

/** About `bytes` bytes of whole BSON documents, the same for a seed. */
export function serialize(seed: number, bytes: number): Buffer {
  const random = seededRandom(seed);
  const documents: Uint8Array[] = [];
  for (let size = 0; size < bytes;) {
    const document = BSON.serialize(sampleDocument('visits', documents.length, random));
    documents.push(document);
    size += document.length;
  }
  return Buffer.concat(documents);
}
