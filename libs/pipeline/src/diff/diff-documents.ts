import { documentId } from '#engine';
import type { DiffNamespace, DiffSide, DocumentCounts, DocumentDiff } from './diff-types.js';
import { fingerprint, IdTable, partOf, roomOf } from './id-table.js';

/** The table's memory: 1.5 million documents a pass. */
export const defaultTableBytes = 64 * 1024 * 1024;

export interface DiffDocumentsOptions {
  readonly tableBytes?: number;
  readonly onDifference: (difference: DocumentDiff) => Promise<void>;
}

/**
 * Which documents differ between two namespaces, by `_id`: in any order, in bounded memory (`tableBytes`, and what the readers hold). What fits into the table
 * is one pass over both sides; more are several, each for its share of the ids. The first side is read once more in a pass that misses some on the other, to
 * name them. Documents are compared byte for byte, and so are ids: 1 as another type of number is another id.
 */
export async function diffDocuments(
  [left, leftSide]: readonly [DiffNamespace, DiffSide],
  [right, rightSide]: readonly [DiffNamespace, DiffSide],
  { tableBytes = defaultTableBytes, onDifference }: DiffDocumentsOptions,
): Promise<DocumentCounts> {
  const counts = { added: 0, removed: 0, changed: 0 };
  const tell = async (change: DocumentDiff['change'], id: Buffer): Promise<void> => {
    counts[change] += 1;
    await onDifference({ db: left.db, collection: left.collection, change, id });
  };
  const documents = left.documents ?? 0;
  // Shares of ids are not quite even: a tenth of the room is for that.
  const parts = Math.max(1, Math.ceil(documents / (roomOf(tableBytes) * 0.9)));
  const table = new IdTable(parts === 1 ? documents : roomOf(tableBytes));
  for (let part = 0; part < parts; part += 1) {
    table.clear();
    for await (const { print } of ofPart(leftSide.documents(left), part, parts)) table.add(print);
    for await (const { id, print } of ofPart(rightSide.documents(right), part, parts)) {
      const found = table.meet(print);
      if (found === 'added' || found === 'changed') await tell(found, id);
    }
    if (table.waiting === 0) continue;
    for await (const { id, print } of ofPart(leftSide.documents(left), part, parts)) {
      if (table.takeWaiting(print)) await tell('removed', id);
    }
  }
  return counts;
}

async function* ofPart(documents: AsyncIterable<Buffer>, part: number, parts: number) {
  for await (const document of documents) {
    const id = documentId(document);
    const print = fingerprint(id, document);
    if (partOf(print, parts) === part) yield { id, print };
  }
}
