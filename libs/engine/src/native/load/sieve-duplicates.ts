import { BSON, type Db, type Document, type Filter } from 'mongodb';
import { AppError } from '#contracts';
import { fromTheLast } from './archive-order.js';
import { withoutExpiry } from './collection-spec.js';
import { deleteOne, duplicateKey, several } from './insert-documents.js';
import type { InsertTarget } from './insert-target.js';
import { keepLastHint, refusedDocuments, shortReply } from './insert-errors.js';
import { describeId } from './left-out.js';
import type { LoadEntry } from './load-entry.js';
import { nameOf, printable } from './names.js';
import { composeDocument, decodeToMap, rawId, type BsonMap, type RawField } from './raw-bson.js';
import { runRawWrite } from './raw-command.js';
import type { ServerAbilities } from './server-abilities.js';

const batchDocuments = 500;
const batchBytes = 4 << 20;

export interface Sieve {
  readonly db: Db;
  readonly entry: LoadEntry;
  readonly server: ServerAbilities;
  readonly signal: AbortSignal;
}

/** A document that a unique index has no room for. */
interface Refused {
  readonly id: RawField;
  readonly bytes: number;
  /** Name and key pattern of the index, for people. */
  readonly index: string;
}

/**
 * Which documents break a unique index is for the server to say, who alone knows all its kinds (arrays, collations, partial ones): they are written once more,
 * into a collection that has those indexes and nothing else; what it refuses is told. Needs room for the collection a second time, and no memory to speak of.
 */

/** `fail`: names the first that is refused. Returns when none is: the indexes failed by something else. */
export async function nameDuplicate(sieve: Sieve): Promise<void> {
  const { db, entry } = sieve;
  await pass(sieve, inAnyOrder(db, entry), ({ id, index }) => {
    const namespace = nameOf({ db: entry.plan.db, collection: entry.plan.final });
    throw new AppError({
      code: 'restore/failed',
      stage: 'index',
      message: `Two documents of ${namespace} have the same value of the unique index ${index}; one of them has the _id ${describeId(id)}`,
      hint: keepLastHint,
      details: { namespace, index },
    });
  });
}

/**
 * `keep-last`: documents are taken from the last one of the archive to the first, so what is refused is always the earlier one of two; it is removed.
 * Returns how many were.
 */
export async function removeEarlierDuplicates(sieve: Sieve): Promise<number> {
  const { db, entry } = sieve;
  let removed = 0;
  await pass(sieve, fromTheLast(db, entry), async ({ id, bytes, index }) => {
    await deleteOne(targetOf(sieve, entry.plan.temporary), id);
    entry.leftOut.taken(id, index);
    entry.documents -= 1;
    entry.bytes -= bytes;
    removed += 1;
  });
  return removed;
}

async function* inAnyOrder(db: Db, { plan }: LoadEntry): AsyncGenerator<Buffer[]> {
  const cursor = db
    .collection(plan.temporary)
    .find({}, { raw: true, batchSize: batchDocuments, readPreference: 'primary' });
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const document of cursor) {
    if (!(document instanceof Uint8Array)) throw new TypeError('The driver did not return raw bytes');
    batch.push(Buffer.from(document));
    bytes += document.length;
    if (batch.length < batchDocuments && bytes < batchBytes) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

async function pass(
  sieve: Sieve,
  batches: AsyncIterable<Buffer[]>,
  onRefused: (refused: Refused) => void | Promise<void>,
): Promise<void> {
  const { db, entry, signal } = sieve;
  const name = entry.plan.sieve?.temporary;
  if (name === undefined) return;
  const indexes = uniqueIndexesOf(entry);
  const collation = entry.spec.options.get('collation');
  await db.command({
    ...{ create: name, writeConcern: { w: 'majority' } },
    ...(collation === undefined ? {} : { collation }),
  });
  try {
    await db.command({ createIndexes: name, indexes, writeConcern: { w: 'majority' } }, { signal });
    for await (const batch of batches) {
      signal.throwIfAborted();
      if (batch.length > 0) await insertInto(sieve, name, batch, indexes, onRefused);
    }
  } finally {
    // What cannot be dropped now is dropped with the temporaries of the plan.
    await db.command({ drop: name, writeConcern: { w: 'majority' } }).catch(() => undefined);
  }
}

/** Unordered inserts are taken one after the other all the same. */
async function insertInto(
  sieve: Sieve,
  name: string,
  batch: readonly Buffer[],
  uniques: readonly BsonMap[],
  onRefused: (refused: Refused) => void | Promise<void>,
): Promise<void> {
  const command = {
    insert: name,
    ordered: false,
    ...(sieve.server.keepsEmptyTimestamps ? { bypassEmptyTsReplacement: true } : {}),
    writeConcern: { w: 'majority' },
  };
  const target = targetOf(sieve, name);
  const reply = await runRawWrite(sieve.db, command, 'documents', several(batch));
  const other = reply.writeErrors.find(({ code }) => code !== duplicateKey);
  if (other) throw refusedDocuments(target, reply.writeErrors.length, other);
  if (reply.n + reply.writeErrors.length !== batch.length)
    throw shortReply(target, batch.length, reply.n + reply.writeErrors.length);
  for (const { index, message } of [...reply.writeErrors].sort((a, b) => a.index - b.index)) {
    const document = batch[index];
    const id = document && rawId(document);
    if (!id) throw shortReply(target, batch.length, index);
    // One that came twice in the archive is met twice: by then it is there itself.
    if (await holds(sieve.db, name, id)) continue;
    await onRefused({ id, bytes: document.length, index: describeIndex(uniques, message) });
  }
}

async function holds(db: Db, collection: string, id: RawField): Promise<boolean> {
  const _id = decodeToMap(composeDocument([id])).get('_id');
  const filter = { _id: { $eq: _id } } as Filter<Document>;
  return (await db.collection(collection).findOne(filter, { raw: true, readPreference: 'primary' })) !== null;
}

/** With those that expire, without their expiry: nothing may be deleted by a clock here. */
export function uniqueIndexesOf({ indexes }: Pick<LoadEntry, 'indexes'>): BsonMap[] {
  return [...indexes.early, ...indexes.late.map(withoutExpiry)].filter((index) => index.get('unique') === true);
}

/** The server names the index in its words; of those nothing else is told, for they hold values. */
function describeIndex(uniques: readonly BsonMap[], message: string): string {
  const found = /index: (.+?) (?:dup key|collation)|Index '(.+?)'/.exec(message);
  const name = found?.[1] ?? found?.[2];
  const [index, ...others] = uniques.filter((one) => name === undefined || one.get('name') === name);
  return index && others.length === 0 ? pattern(index) : uniques.map(pattern).join(' or ');
}

function pattern(index: BsonMap): string {
  const key = index.get('key');
  const keys = key instanceof Map ? BSON.EJSON.stringify(Object.fromEntries(key as BsonMap)) : '';
  return printable(`${String(index.get('name'))} ${keys}`.trim());
}

function targetOf({ db, entry }: Sieve, collection: string): InsertTarget {
  return { db, collection, final: { db: entry.plan.db, collection: entry.plan.final }, ordered: false };
}
