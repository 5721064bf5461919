import { Long, Timestamp, type ClientSession, type Db, type Document } from 'mongodb';
import { rawFields } from './raw-fields.js';

/** One reply of a cursor: its batch as raw bytes. */
export interface RawBatch {
  /** A BSON array document whose items are the documents. */
  readonly batch: Buffer;
  /** When the server read it, for snapshot reads. */
  readonly atClusterTime: { readonly t: number; readonly i: number } | null;
}

/**
 * Runs a command that answers with a cursor (find, listCollections, listIndexes) and gives its replies as raw bytes: no document is decoded. The next
 * reply is asked for before the current one is handed over, one ahead. An abandoned loop ends the cursor on the server.
 */
export async function* rawBatches(
  db: Db,
  command: Document,
  options: { session: ClientSession; batchSize?: number },
): AsyncGenerator<RawBatch> {
  const { session, batchSize } = options;
  const run = (body: Document): Promise<Document> => db.command(body, { raw: true, session });
  let reply = parseReply(await run(command));
  let next: Promise<Document> | undefined;
  try {
    for (;;) {
      const { cursorId, collection } = reply;
      next = cursorId.isZero()
        ? undefined
        : run({ getMore: cursorId, collection, ...(batchSize === undefined ? {} : { batchSize }) });
      // Awaited below: until then a failure is no unhandled rejection.
      next?.catch(() => undefined);
      yield reply;
      if (next === undefined) return;
      reply = parseReply(await next);
    }
  } finally {
    const { cursorId, collection } = reply;
    if (!cursorId.isZero()) void end(db, collection, cursorId, next);
  }
}

/** Nobody waits for it: the connection may be gone, and then the server ends the cursor by itself. */
async function end(db: Db, collection: string, cursorId: Long, next: Promise<Document> | undefined): Promise<void> {
  await next?.catch(() => undefined);
  await db.command({ killCursors: collection, cursors: [cursorId] }).catch(() => undefined);
}

function parseReply(reply: Document): RawBatch & { cursorId: Long; collection: string } {
  const fields = rawFields(reply['cursor'] as Uint8Array);
  const batch = fields.get('firstBatch') ?? fields.get('nextBatch');
  const id = fields.get('id');
  const namespace = fields.get('ns')?.bytes;
  if (batch?.type !== 0x04 || id === undefined) throw new Error("the server's reply holds no cursor");
  const name = namespace?.toString('utf8', 4, namespace.length - 1) ?? '';
  const time = fields.get('atClusterTime');
  const at = time?.type === 0x11 ? new Timestamp(time.bytes.readBigUInt64LE()) : undefined;
  return {
    batch: batch.bytes,
    cursorId: Long.fromBigInt(id.type === 0x12 ? id.bytes.readBigInt64LE() : 0n),
    collection: name.slice(name.indexOf('.') + 1),
    atClusterTime: at === undefined ? null : { t: at.t, i: at.i },
  };
}

/** Where each document of a batch lies: `visit(start, end)` into the batch's bytes. In one tight loop, for it runs once a document. */
export function forEachDocument(batch: Buffer, visit: (start: number, end: number) => void): void {
  const last = batch.length - 1;
  let at = 4;
  while (at < last) {
    // Type byte, then the item's number in decimal digits and a zero byte, then the document.
    at += 2;
    while (batch[at - 1] !== 0) at += 1;
    const end = at + batch.readInt32LE(at);
    visit(at, end);
    at = end;
  }
}

/** Every document of a cursor, each a copy: for listings, which are small. */
export async function rawDocuments(db: Db, command: Document, session: ClientSession): Promise<Buffer[]> {
  const documents: Buffer[] = [];
  for await (const { batch } of rawBatches(db, command, { session })) {
    forEachDocument(batch, (start, end) => documents.push(Buffer.from(batch.subarray(start, end))));
  }
  return documents;
}
