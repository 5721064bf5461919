import type { ClientSession, Db, Document } from 'mongodb';
import { joinDocuments, parseCursorReply, type CursorReply } from './raw-reply.js';

/**
 * Sends a command that answers with a cursor and gives the reply's bytes. Never a cursor of the driver: its stream can end cleanly on an error
 * (facts of the archive format, 2.1), and it touches every document.
 */
export async function cursorCommand(db: Db, command: Document, session: ClientSession): Promise<CursorReply> {
  // A command of its own does not follow the URI's read preference by itself.
  const { readPreference } = db;
  const reply: Document = await db.command(command, { raw: true, session, readPreference });
  return parseCursorReply(reply['cursor']);
}

/** Every document of a short list (listCollections, listIndexes, a plan): each a view that nobody else uses. */
export async function listDocuments(db: Db, command: Document, session: ClientSession): Promise<Buffer[]> {
  const documents: Buffer[] = [];
  let reply = await cursorCommand(db, { ...command, ...('find' in command ? {} : { cursor: {} }) }, session);
  for (;;) {
    documents.push(...documentsOf(joinDocuments(reply.batch).run));
    if (reply.cursorId.isZero()) return documents;
    reply = await cursorCommand(db, { getMore: reply.cursorId, collection: reply.collection }, session);
  }
}

function* documentsOf(run: Buffer): Generator<Buffer> {
  for (let start = 0; start < run.length;) {
    const end = start + run.readInt32LE(start);
    yield run.subarray(start, end);
    start = end;
  }
}
