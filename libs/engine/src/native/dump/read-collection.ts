import type { ClientSession, Db, Document } from 'mongodb';
import { forEachDocument, rawBatches, type RawBatch } from './raw-cursor.js';
import { serverCode } from './server-code.js';

/** Documents go on in runs of about this size. */
const runBytes = 1024 * 1024;
/** Replies of about this size: larger ones only take memory. */
const replyBytes = 4 * 1024 * 1024;
const firstReplyDocuments = 101;

export interface ReadRequest {
  readonly db: Db;
  readonly collection: string;
  readonly filter: Document;
  readonly session: ClientSession;
  /** Bytes, from the server's statistics; plans the size of replies. */
  readonly averageDocument: number;
  readonly readConcern?: Document;
  readonly rawData?: true;
}

/** Whole documents of a collection in natural order, in runs; each run is a buffer of its own. */
export async function* readCollection(
  request: ReadRequest,
  onFirst?: (batch: RawBatch) => void,
): AsyncGenerator<Buffer> {
  const batchSize = Math.max(1, Math.min(100_000, Math.floor(replyBytes / Math.max(request.averageDocument, 1))));
  let first = true;
  const runs = new RunBuilder();
  for await (const reply of startReading(request, batchSize)) {
    if (first) onFirst?.(reply);
    first = false;
    for (const run of runs.add(reply.batch)) yield run;
  }
  const rest = runs.rest();
  if (rest.length > 0) yield rest;
}

/** In natural order, as mongodump reads since 100.18; a namespace that takes no such hint is read without. */
async function* startReading(request: ReadRequest, batchSize: number): AsyncGenerator<RawBatch> {
  const { db, collection, filter, session, readConcern, rawData } = request;
  const find: Document = {
    find: collection,
    filter,
    hint: { $natural: 1 },
    batchSize: Math.min(batchSize, firstReplyDocuments),
    ...(readConcern === undefined ? {} : { readConcern }),
    ...(rawData === undefined ? {} : { rawData }),
  };
  let begun = false;
  try {
    for await (const reply of rawBatches(db, find, { session, batchSize })) {
      begun = true;
      yield reply;
    }
  } catch (error) {
    const badValue = 2;
    if (begun || serverCode(error) !== badValue) throw error;
    const { hint: _hint, ...plain } = find;
    yield* rawBatches(db, plain, { session, batchSize });
  }
}

/** Cuts documents out of replies, where they are not neighbours, and sets them side by side. */
class RunBuilder {
  #run = Buffer.allocUnsafeSlow(runBytes);
  #filled = 0;

  /** The runs that became full. */
  add(batch: Buffer): Buffer[] {
    const full: Buffer[] = [];
    forEachDocument(batch, (start, end) => {
      const length = end - start;
      if (this.#filled + length > this.#run.length) {
        if (this.#filled > 0) full.push(this.rest());
        if (length > runBytes) {
          full.push(Buffer.from(batch.subarray(start, end)));
          return;
        }
      }
      batch.copy(this.#run, this.#filled, start, end);
      this.#filled += length;
    });
    return full;
  }

  /** What is left over; the next documents begin a new buffer, for this one is the consumer's now. */
  rest(): Buffer {
    const run = this.#run.subarray(0, this.#filled);
    this.#run = Buffer.allocUnsafeSlow(runBytes);
    this.#filled = 0;
    return run;
  }
}
