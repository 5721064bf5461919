import { rawId } from '../load/raw-bson.js';
import type { PlacedWrite, WriteWatch } from './apply-ops.js';
import { cannotReplay } from './interpret-operation.js';
import type { OplogOperation } from './oplog-entry.js';

const most = 100_000;

/**
 * Updates of documents that are not there. A document that was removed before the dump came to read it is in no archive, while the oplog still tells how it was
 * changed: that is as it should be when the oplog tells of its end, too. Otherwise a document is lost, and this throws.
 */
export class MissingDocuments implements WriteWatch {
  private readonly open = new Map<string, OplogOperation>();

  applied(write: PlacedWrite): void {
    if (this.open.size === 0 || write.operation.op === 'u') return;
    this.open.delete(keyOf(write));
  }

  missing(write: PlacedWrite): void {
    const key = keyOf(write);
    if (!this.open.has(key)) this.open.set(key, write.operation);
    if (this.open.size > most) this.refuse();
  }

  /** Nothing of this collection is of interest any more: it was dropped. */
  forget({ db, collection }: { readonly db: string; readonly collection: string }): void {
    for (const key of this.open.keys()) if (key.startsWith(prefix(db, collection))) this.open.delete(key);
  }

  /** At the end. */
  refuse(): void {
    const [first] = this.open.values();
    if (first === undefined) return;
    throw cannotReplay(
      first,
      `it changes a document that is not in the archive and that nothing removes later (${this.open.size} of such documents)`,
    );
  }
}

function keyOf({ operation, db, collection }: PlacedWrite): string {
  const id = rawId(operation.o2 ?? operation.o);
  return `${prefix(db, collection)}${id === undefined ? '' : `${id.kind}:${Buffer.from(id.value).toString('latin1')}`}`;
}

function prefix(db: string, collection: string): string {
  return `${db}.${collection}\0`;
}
