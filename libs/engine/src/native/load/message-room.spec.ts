import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { BSON, type Db, type Document } from 'mongodb';
import { BatchBuffers } from './batch-buffers.js';
import { announceSection, messageRoom } from './message-room.js';
import { OpenBatch } from './open-batch.js';
import { runRawWrite, type RawDocuments } from './raw-command.js';

// The contract with the driver's internals (message-room.ts). When an upgrade of the driver breaks one of these, restores work as before, and take
// more memory: look at how the new driver's lib/cmap/connection.js (writeCommand) and lib/cmap/commands.js (OpMsgRequest) put a message together.

const require = createRequire(import.meta.url);
const { OpMsgRequest } = require('mongodb/lib/cmap/commands.js') as {
  OpMsgRequest: new (db: string, command: Document, options: object) => { toBin(): Uint8Array[] };
};
const { ByteUtils } = require('mongodb/lib/bson.js') as {
  ByteUtils: { concat: (list: readonly Uint8Array[]) => Buffer };
};

/** What the driver would write to its socket for these documents. */
async function message(documents: RawDocuments, command: Document): Promise<Buffer> {
  let sent: Buffer = Buffer.alloc(0);
  const db = {
    command: (body: Document) => {
      sent = ByteUtils.concat(new OpMsgRequest('db', body, { requestId: 7 }).toBin());
      return Promise.resolve({ ok: 1, n: documents.count });
    },
  } as unknown as Db;
  await runRawWrite(db, command, 'documents', documents);
  return sent;
}

function batchOf(...documents: Document[]) {
  const batch = new OpenBatch(new BatchBuffers(1 << 20, 4 << 20));
  const runs = documents.map((document) => Buffer.from(BSON.serialize(document)));
  for (const run of runs) batch.append(run, 1);
  return { batch, plain: { runs, count: runs.length } };
}

describe('room for the message', () => {
  it('makes the same bytes as the driver, where the documents lie', async () => {
    const { batch, plain } = batchOf({ a: 1 }, { a: 2 }, { b: 'x' });
    const sealed = batch.seal();
    const sent = await message(sealed, { insert: 'c', ordered: false });
    expect(sent.equals(await message(plain, { insert: 'c', ordered: false }))).toBe(true);
    expect(sent.buffer).toBe(sealed.section?.buffer);
  });

  it('a command that does not fit before its section is copied, as the driver does it', async () => {
    const { batch, plain } = batchOf({ a: 1 });
    const sealed = batch.seal();
    const command = { insert: 'c', comment: 'x'.repeat(messageRoom) };
    const sent = await message(sealed, command);
    expect(sent.equals(await message(plain, command))).toBe(true);
    expect(sent.buffer).not.toBe(sealed.section?.buffer);
  });

  it('sends a batch a second time as it was', async () => {
    const { batch } = batchOf({ a: 1 });
    const sealed = batch.seal();
    const first = Buffer.from(await message(sealed, { insert: 'a name', ordered: false }));
    await message(sealed, { insert: 'another and longer name' });
    expect((await message(sealed, { insert: 'a name', ordered: false })).equals(first)).toBe(true);
  });

  it('leaves everything else to the driver', () => {
    announceSection(Buffer.alloc(messageRoom + 1), messageRoom + 1);
    const parts = [Buffer.from('ab'), Buffer.from('c')];
    const joined = ByteUtils.concat(parts);
    expect(joined.toString()).toBe('abc');
    expect(ByteUtils.concat([]).length).toBe(0);
    expect(ByteUtils.concat([joined])).not.toBe(joined);
  });
});
