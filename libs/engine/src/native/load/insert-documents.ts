import type { Document } from 'mongodb';
import { restoreEmptyTimestamps } from './empty-timestamps.js';
import { duplicateIds, refusedDocuments, shortReply } from './insert-errors.js';
import type { InsertTarget } from './insert-target.js';
import type { LeftOut } from './left-out.js';
import type { Batch } from './open-batch.js';
import { idQuery, documentsOfRun, composeDocument, rawId, type RawField } from './raw-bson.js';
import { runRawWrite, type WriteError, type WriteReply } from './raw-command.js';

export const duplicateKey = 11000;
/** Documents that are sent again after one of them met its like, in a capped collection. */
const afterConflict = 500;

export interface InsertOptions {
  /** Takes note of what `keep-last` leaves out; `fail`: a duplicate ends the restore. */
  readonly onConflict: 'fail' | LeftOut;
  /** The server knows `bypassEmptyTsReplacement`; when not, documents with an empty timestamp are put right by an update. */
  readonly keepsEmptyTimestamps: boolean;
  /** Further fields of the insert command (`rawData` for buckets of time series). */
  readonly command?: Document;
  /** Buckets of time series are checked by the server whatever is asked. */
  readonly validated?: boolean;
}

/**
 * Inserts a batch as raw bytes, by a majority, and looks at every count of the reply: `ok: 1` with fewer documents than sent is a failure.
 * Returns the number of documents that are in the collection because of it. Throws `restore/failed`, and the driver's errors as they are.
 */
export async function insertBatch(target: InsertTarget, batch: Batch, options: InsertOptions): Promise<number> {
  const reply = await runRawWrite(target.db, insertCommand(target, options), 'documents', batch);
  const duplicates = duplicatesOf(target, reply);
  let written = reply.n;
  if (duplicates[0]) {
    const documents = batch.runs.flatMap((run) => [...documentsOfRun(run)]);
    if (options.onConflict === 'fail')
      throw duplicateIds(target, duplicates.length, idAt(target, documents, duplicates[0].index));
    if (target.ordered) written += await insertRest(target, documents, reply, options);
    else await replaceEarlier(target, documents, duplicates, options);
  }
  if (!target.ordered || duplicates.length === 0) {
    const answered = reply.n + duplicates.length;
    if (answered !== batch.count) throw shortReply(target, batch.count, answered);
  }
  if (!options.keepsEmptyTimestamps) await restoreEmptyTimestamps(target, batch);
  return written;
}

function insertCommand(target: InsertTarget, options: InsertOptions): Document {
  return {
    insert: target.collection,
    ordered: target.ordered,
    // The data was valid where it came from, or older than its validator.
    ...(options.validated ? {} : { bypassDocumentValidation: true }),
    ...(options.keepsEmptyTimestamps ? { bypassEmptyTsReplacement: true } : {}),
    ...options.command,
    writeConcern: { w: 'majority' },
  };
}

/** What the server refused because its `_id` is there: temporary collections have no other unique index yet. Throws for everything else that it refused. */
function duplicatesOf(target: InsertTarget, { writeErrors }: WriteReply): WriteError[] {
  const refused = writeErrors.find(({ code }) => code !== duplicateKey);
  if (refused) throw refusedDocuments(target, writeErrors.length, refused);
  return [...writeErrors].sort((a, b) => a.index - b.index);
}

/**
 * `keep-last`: what the server refused is put in the place of the document that has its `_id`, in the order of the archive (batches of a namespace do not
 * overtake each other then, and a server takes the documents of a batch one after the other). Deleted and inserted, because an update would not take every
 * document as it is; nobody reads a temporary collection.
 */
async function replaceEarlier(
  target: InsertTarget,
  documents: readonly Buffer[],
  duplicates: readonly WriteError[],
  options: InsertOptions,
): Promise<void> {
  for (const error of duplicates) {
    await removeEarlier(target, idAt(target, documents, error.index), options);
    const again = several(documents.slice(error.index, error.index + 1));
    const reply = await runRawWrite(target.db, insertCommand(target, options), 'documents', again);
    if (reply.n !== 1) throw shortReply(target, 1, reply.n);
  }
}

/**
 * The same where documents must stand in the order of the archive: the server stopped at the first duplicate, and what comes after it was not written.
 * Returns how many documents more the collection holds for it.
 */
async function insertRest(
  target: InsertTarget,
  documents: readonly Buffer[],
  stopped: WriteReply,
  options: InsertOptions,
): Promise<number> {
  let more = 0;
  let reply = stopped;
  let at = 0;
  for (;;) {
    const sent = reply.n;
    const [duplicate] = duplicatesOf(target, reply);
    at += sent;
    if (duplicate) {
      if (duplicate.index !== sent) throw shortReply(target, documents.length, at);
      await removeEarlier(target, idAt(target, documents, at), options);
      more -= 1;
    }
    if (at === documents.length) return more;
    const rest = several(documents.slice(at, at + afterConflict));
    reply = await runRawWrite(target.db, insertCommand(target, options), 'documents', rest);
    more += reply.n;
    if (reply.writeErrors.length === 0 && reply.n !== rest.count) throw shortReply(target, rest.count, reply.n);
  }
}

async function removeEarlier(target: InsertTarget, id: RawField, { onConflict }: InsertOptions): Promise<void> {
  await deleteOne(target, id);
  if (onConflict !== 'fail') onConflict.earlier(id);
}

/** Throws unless there was one. */
export async function deleteOne(
  target: Pick<InsertTarget, 'db' | 'collection' | 'final'>,
  id: RawField,
): Promise<void> {
  const one = composeDocument([idQuery(id), { kind: 16, name: 'limit', value: Buffer.from([1, 0, 0, 0]) }]);
  const command = { delete: target.collection, writeConcern: { w: 'majority' } };
  const reply = await runRawWrite(target.db, command, 'deletes', several([one]));
  if (reply.writeErrors[0]) throw refusedDocuments({ ...target, ordered: false }, 1, reply.writeErrors[0]);
  if (reply.n !== 1) throw shortReply({ ...target, ordered: false }, 1, reply.n);
}

function idAt(target: InsertTarget, documents: readonly Buffer[], index: number): RawField {
  const document = documents[index];
  const id = document && rawId(document);
  if (!id) throw shortReply(target, documents.length, index);
  return id;
}

export function several(documents: readonly Buffer[]): { runs: readonly Buffer[]; count: number } {
  return { runs: documents, count: documents.length };
}
