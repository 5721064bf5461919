import { Long } from 'mongodb';
import { AppError } from '#contracts';
import { rawFields, type RawValue } from './raw-fields.js';

/** One reply of a cursor, nothing of it decoded. */
export interface CursorReply {
  /** Zero: the cursor is exhausted. */
  readonly cursorId: Long;
  /** Of the cursor: what a `getMore` must name. */
  readonly collection: string;
  /** A BSON array whose items are the documents. */
  readonly batch: Buffer;
  /** When the server read it; only of snapshot reads. */
  readonly at: ClusterTime | null;
}

export interface ClusterTime {
  readonly t: number;
  readonly i: number;
}

const bson = { document: 0x03, array: 0x04, timestamp: 0x11, int32: 0x10, int64: 0x12 } as const;
/** Length and final zero byte. */
const smallestDocument = 5;

/** Reads what `db.command(…, {raw: true})` gives as `cursor`. */
export function parseCursorReply(cursor: unknown): CursorReply {
  if (!(cursor instanceof Uint8Array)) throw malformed('it holds no cursor');
  const fields = rawFields(cursor);
  const batch = fields.get('firstBatch') ?? fields.get('nextBatch');
  if (batch?.type !== bson.array) throw malformed('its cursor holds no batch');
  const namespace = fields.get('ns')?.bytes ?? Buffer.alloc(smallestDocument);
  const name = namespace.toString('utf8', 4, namespace.length - 1);
  return {
    cursorId: cursorIdOf(fields.get('id')),
    collection: name.slice(name.indexOf('.') + 1),
    batch: batch.bytes,
    at: timeOf(fields.get('atClusterTime')),
  };
}

function cursorIdOf(id: RawValue | undefined): Long {
  if (id?.type === bson.int64) return Long.fromBigInt(id.bytes.readBigInt64LE());
  if (id?.type === bson.int32) return Long.fromInt(id.bytes.readInt32LE());
  throw malformed('its cursor has no id');
}

function timeOf(time: RawValue | undefined): ClusterTime | null {
  return time?.type === bson.timestamp ? { i: time.bytes.readUInt32LE(0), t: time.bytes.readUInt32LE(4) } : null;
}

/**
 * Moves the documents of a batch together, over the item numbers between them, at the batch's own start: the reply's memory becomes the archive's, without a
 * second buffer. Returns the run of whole documents (a view) and their number. The batch is used up.
 */
export function joinDocuments(batch: Buffer): { run: Buffer; documents: number } {
  const last = batch.length - 1;
  let from = 4;
  let to = 0;
  let documents = 0;
  while (from < last) {
    // Type byte, the item's number as text with a zero byte, the document.
    if (batch[from] !== bson.document) throw malformed('a batch holds something that is no document');
    from += 2;
    while (batch[from - 1] !== 0) if (++from > last) throw malformed('the number of an item has no end');
    const length = from + 4 > last ? 0 : batch.readInt32LE(from);
    if (length < smallestDocument || from + length > last) throw malformed('a document has a wrong length');
    batch.copyWithin(to, from, from + length);
    from += length;
    to += length;
    documents += 1;
  }
  return { run: batch.subarray(0, to), documents };
}

function malformed(what: string): AppError {
  return new AppError({
    code: 'engine/failed',
    stage: 'dump',
    retry: 'retry',
    message: `The server's reply makes no sense: ${what}`,
    hint: "Is there a proxy between us and the server? Look at the server's log",
  });
}
