import type { Db, Document } from 'mongodb';
import { AppError } from '#contracts';
import type { Batch } from './open-batch.js';
import { nameOf } from './names.js';
import {
  arrayField,
  composeDocument,
  documentField,
  documentsOfRun,
  hasEmptyTimestamp,
  rawId,
  type RawField,
} from './raw-bson.js';
import { runRawWrite, type WriteError } from './raw-command.js';
import { reason } from './server-reason.js';

const duplicateKey = 11000;

/** Where the documents of a namespace go. */
export interface InsertTarget {
  readonly db: Db;
  /** The collection that is written: a temporary one. */
  readonly collection: string;
  /** The name in the end, for messages. */
  readonly final: { readonly db: string; readonly collection: string };
  /** Capped collections: the order of the documents is part of the data. */
  readonly ordered: boolean;
}

export interface InsertOptions {
  readonly onConflict: 'fail' | 'keep-last';
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
  const duplicates = reply.writeErrors.filter((error) => error.code === duplicateKey);
  const refused = reply.writeErrors.find((error) => error.code !== duplicateKey);
  if (refused) throw refusedDocuments(target, reply.writeErrors.length, refused);
  // A capped collection keeps the order of its documents: there is no putting one in the place of another.
  if (duplicates[0] && (options.onConflict === 'fail' || target.ordered))
    throw duplicateIds(target, duplicates.length, duplicates[0]);
  if (reply.n + duplicates.length !== batch.count) throw shortReply(target, batch.count, reply.n + duplicates.length);
  if (duplicates.length > 0) await keepLast(target, batch, duplicates, options);
  if (!options.keepsEmptyTimestamps) await restoreEmptyTimestamps(target, batch);
  return reply.n;
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

/**
 * `--on-conflict keep-last`: what the server refused is put in the place of the document that has its `_id`, in the order of the archive. Deleted and
 * inserted, because an update would not take every document as it is; nobody reads a temporary collection.
 */
async function keepLast(
  target: InsertTarget,
  batch: Batch,
  duplicates: readonly WriteError[],
  options: InsertOptions,
): Promise<void> {
  const documents = batch.runs.flatMap((run) => [...documentsOfRun(run)]);
  for (const { index } of [...duplicates].sort((a, b) => a.index - b.index)) {
    const document = documents[index];
    const id = document && rawId(document);
    if (!id) throw shortReply(target, batch.count, index);
    await runRawWrite(
      target.db,
      { delete: target.collection, writeConcern: { w: 'majority' } },
      'deletes',
      one(composeDocument([query(id), { kind: 16, name: 'limit', value: Buffer.from([1, 0, 0, 0]) }])),
    );
    const reply = await runRawWrite(target.db, insertCommand(target, options), 'documents', one(document));
    if (reply.n !== 1) throw shortReply(target, 1, reply.n);
  }
}

/** For servers older than 5.0.29, 6.0.17, 7.0.13: a `$literal` in a pipeline is the one way past the replacement. */
async function restoreEmptyTimestamps(target: InsertTarget, batch: Batch): Promise<void> {
  const runs: Buffer[] = [];
  for (const document of batch.runs.flatMap((run) => [...documentsOfRun(run)])) {
    const id = hasEmptyTimestamp(document) ? rawId(document) : undefined;
    if (!id) continue;
    const literal = composeDocument([documentField('$literal', document)]);
    const stage = composeDocument([documentField('$replaceWith', literal)]);
    runs.push(composeDocument([query(id), arrayField('u', [stage])]));
  }
  if (runs.length === 0) return;
  const command = {
    update: target.collection,
    ordered: false,
    bypassDocumentValidation: true,
    writeConcern: { w: 'majority' },
  };
  const reply = await runRawWrite(target.db, command, 'updates', { runs, count: runs.length });
  if (reply.writeErrors[0]) throw refusedDocuments(target, reply.writeErrors.length, reply.writeErrors[0]);
  if (reply.n !== runs.length) throw shortReply(target, runs.length, reply.n);
}

function query(id: RawField): RawField {
  // $eq, so that an _id that looks like an expression is a value.
  return documentField('q', composeDocument([documentField('_id', composeDocument([{ ...id, name: '$eq' }]))]));
}

function one(document: Buffer): { runs: Buffer[]; count: number } {
  return { runs: [document], count: 1 };
}

function refusedDocuments(target: InsertTarget, count: number, first: WriteError): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The target refused ${count} document${count === 1 ? '' : 's'} of ${nameOf(target.final)}: ${serverReason(target, first)}`,
    hint: 'The target was left as it was. Check that the target runs the version of the source, or leave this collection out with --exclude',
    details: { namespace: nameOf(target.final), refused: count, serverCode: first.code },
  });
}

function duplicateIds(target: InsertTarget, count: number, first: WriteError): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `${nameOf(target.final)} holds ${count} document${count === 1 ? '' : 's'} with an _id that an earlier one has: ${serverReason(target, first)}`,
    hint: 'Documents that moved while they were dumped stand in an archive twice: --on-conflict keep-last keeps the later one. The target was left as it was',
    details: { namespace: nameOf(target.final), refused: count, serverCode: first.code },
  });
}

function shortReply(target: InsertTarget, sent: number, written: number): AppError {
  return new AppError({
    code: 'restore/failed',
    stage: 'load',
    message: `The target wrote ${written} of ${sent} documents of ${nameOf(target.final)}, without saying why`,
    hint: 'Look into the log of the server. The target was left as it was',
    details: { namespace: nameOf(target.final), sent, written },
  });
}

function serverReason(target: InsertTarget, error: WriteError): string {
  return reason({ temporary: target.collection, final: target.final.collection }, error.message);
}
