import type { Db, Document, Filter } from 'mongodb';
import type { LoadEntry } from './load-entry.js';
import { several } from './insert-documents.js';
import type { InsertTarget } from './insert-target.js';
import { refusedDocuments, shortReply } from './insert-errors.js';
import type { Batch } from './open-batch.js';
import { composeDocument, decodeToMap, documentsOfRun, rawField, rawId, type RawField } from './raw-bson.js';
import { runRawWrite } from './raw-command.js';

const type = { int64: 18, int32: 16 } as const;
const groupBytes = 4 << 20;
const groupDocuments = 500;

/**
 * Which of two documents stands later in the archive, a unique index asks when all are there, and not every server gives documents back in the order in which
 * they were written. So with `keep-last` the order is written down beside the documents of a collection that has unique indexes: position, `_id`, bytes.
 */
export async function noteOrder(target: InsertTarget, entry: LoadEntry, batch: Batch): Promise<void> {
  const collection = entry.plan.sieve?.order.temporary;
  if (collection === undefined) return;
  const records: Buffer[] = [];
  for (const document of batch.runs.flatMap((run) => [...documentsOfRun(run)])) {
    const id = rawId(document);
    if (!id) continue;
    const position = Buffer.alloc(8);
    position.writeBigInt64LE(BigInt(entry.noted));
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(document.length);
    entry.noted += 1;
    records.push(
      composeDocument([
        { kind: type.int64, name: '_id', value: position },
        { kind: type.int32, name: 'bytes', value: bytes },
        { ...id, name: 'id' },
      ]),
    );
  }
  const command = { insert: collection, ordered: false, writeConcern: { w: 'majority' } };
  const reply = await runRawWrite(target.db, command, 'documents', several(records));
  if (reply.writeErrors[0]) throw refusedDocuments(target, reply.writeErrors.length, reply.writeErrors[0]);
  if (reply.n !== records.length) throw shortReply(target, records.length, reply.n);
}

/** The documents of a collection from the last one of the archive to the first, a few at a time. One that came again stands only in its last place. */
export async function* fromTheLast(db: Db, { plan }: LoadEntry): AsyncGenerator<Buffer[]> {
  if (!plan.sieve) return;
  const records = db
    .collection(plan.sieve.order.temporary)
    .find({}, { raw: true, sort: { _id: -1 }, batchSize: groupDocuments, readPreference: 'primary' });
  let ids: unknown[] = [];
  let keys: string[] = [];
  let bytes = 0;
  for await (const raw of records) {
    const record = bytesOf(raw);
    const values = decodeToMap(record);
    ids.push(values.get('id'));
    keys.push(keyOf(rawField(record, 'id')));
    bytes += Number(values.get('bytes'));
    if (bytes < groupBytes && ids.length < groupDocuments) continue;
    yield await fetchInOrder(db, plan.temporary, ids, keys);
    [ids, keys, bytes] = [[], [], 0];
  }
  if (ids.length > 0) yield await fetchInOrder(db, plan.temporary, ids, keys);
}

async function fetchInOrder(
  db: Db,
  collection: string,
  ids: readonly unknown[],
  keys: readonly string[],
): Promise<Buffer[]> {
  const found = new Map<string, Buffer>();
  const cursor = db
    .collection(collection)
    .find({ _id: { $in: ids } } as Filter<Document>, { raw: true, readPreference: 'primary' });
  for await (const raw of cursor) {
    const document = Buffer.from(bytesOf(raw));
    found.set(keyOf(rawId(document)), document);
  }
  const inOrder: Buffer[] = [];
  for (const key of keys) {
    const document = found.get(key);
    if (document) inOrder.push(document);
    found.delete(key);
  }
  return inOrder;
}

function keyOf(field: RawField | undefined): string {
  return field ? `${field.kind} ${Buffer.from(field.value).toString('latin1')}` : '';
}

function bytesOf(raw: unknown): Uint8Array {
  if (raw instanceof Uint8Array) return raw;
  throw new TypeError('The driver did not return raw bytes');
}
