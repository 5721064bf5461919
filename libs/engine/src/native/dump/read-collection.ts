import type { ClientSession, Db, Document } from 'mongodb';
import type { OpenCursors } from './open-cursors.js';
import { cursorCommand } from './raw-commands.js';
import { joinDocuments, type CursorReply } from './raw-reply.js';
import { serverCode, serverCodes } from './server-code.js';
import { isSnapshotRefusal, type Snapshot } from './snapshot.js';

export interface CollectionRead {
  readonly db: Db;
  /** Where the documents lie. */
  readonly collection: string;
  /** Of this read alone: a cursor belongs to a session. */
  readonly session: ClientSession;
  readonly snapshot: Snapshot;
  readonly cursors: OpenCursors;
  /** Ask for raw buckets under the name of a time series. */
  readonly rawData: boolean;
  /** Bytes of documents to ask for in one reply; documents of very different sizes can make it 16 MiB. */
  readonly replyBytes: number;
}

export interface RunSink {
  /** Resolves when the consumer keeps up. */
  room(): Promise<void>;
  /** Whole documents, one after the other. The bytes are the sink's from now on. */
  write(run: Buffer): void;
}

export interface ReadOutcome {
  readonly documents: number;
  /** False: the server gave no snapshot of this collection. */
  readonly inSnapshot: boolean;
}

const firstBatchSize = 101;
const mostDocuments = 100_000;
/** Natural order is refused by some kinds of collections and servers; they are read without asking for an order. */
const hintRefusals = new Set<number | undefined>([
  serverCodes.badValue,
  serverCodes.failedToParse,
  serverCodes.noQueryExecutionPlans,
]);

/** Gives every document of a collection to the sink; returns when the cursor is exhausted. The reply after the current one is asked for ahead. */
export async function readCollection(read: CollectionRead, sink: RunSink): Promise<ReadOutcome> {
  const { reply: first, inSnapshot } = await openCursor(read);
  let reply = first;
  let documents = 0;
  read.cursors.note({ db: read.db, ...reply });
  for (;;) {
    const { cursorId, collection } = reply;
    const batchBytes = reply.batch.length;
    const joined = joinDocuments(reply.batch);
    documents += joined.documents;
    const batchSize = nextBatchSize(read.replyBytes, batchBytes, joined.documents);
    const getMore = () => cursorCommand(read.db, { getMore: cursorId, collection, batchSize }, read.session);
    // Large replies do not wait behind another one: they are the memory that a dump takes.
    const ahead = cursorId.isZero() || batchBytes > 2 * read.replyBytes ? undefined : getMore();
    // Awaited below: until then a failure is no unhandled rejection.
    ahead?.catch(() => undefined);
    await sink.room();
    if (joined.documents > 0) sink.write(joined.run);
    if (cursorId.isZero()) return { documents, inSnapshot };
    reply = await (ahead ?? getMore());
    read.cursors.note({ db: read.db, ...reply }, cursorId);
  }
}

/** As many as fill a reply, going by the documents of the one before. */
function nextBatchSize(replyBytes: number, batchBytes: number, documents: number): number {
  const wanted = Math.round((replyBytes * Math.max(documents, 1)) / batchBytes);
  return Math.min(mostDocuments, Math.max(1, wanted));
}

/** In natural order, as mongodump reads since 100.18, and in the snapshot; what the server refuses of this is left out. */
async function openCursor(read: CollectionRead): Promise<{ reply: CursorReply; inSnapshot: boolean }> {
  let hint: Document | undefined = { $natural: 1 };
  let readConcern = read.snapshot.readConcern;
  const ownConcern = read.db.readConcern;
  for (;;) {
    const concern: Document | undefined = readConcern ?? (ownConcern ? { level: ownConcern.level } : undefined);
    const find: Document = {
      find: read.collection,
      filter: {},
      batchSize: firstBatchSize,
      ...(hint === undefined ? {} : { hint }),
      ...(concern === undefined ? {} : { readConcern: concern }),
      ...(read.rawData ? { rawData: true } : {}),
    };
    try {
      const reply = await cursorCommand(read.db, find, read.session);
      return { reply, inSnapshot: readConcern !== undefined };
    } catch (error) {
      if (readConcern !== undefined && isSnapshotRefusal(error)) readConcern = undefined;
      else if (hint !== undefined && hintRefusals.has(serverCode(error))) hint = undefined;
      else throw error;
    }
  }
}
