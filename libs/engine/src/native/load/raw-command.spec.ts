import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { BSON, type Db } from 'mongodb';
import { runRawWrite, sequenceClass } from './raw-command.js';

// The contract with the driver's internals (raw-command.ts). When an upgrade of the driver breaks one of these, loading falls back to decoded
// documents, slower and refusing some: look at the new driver's lib/cmap/commands.js before the version in package.json is raised.

interface Message {
  toBin(): Uint8Array[];
}
const require = createRequire(import.meta.url);

function wireBytes(command: BSON.Document): Buffer {
  const { OpMsgRequest } = require('mongodb/lib/cmap/commands.js') as {
    OpMsgRequest: new (db: string, command: BSON.Document, options: object) => Message;
  };
  return Buffer.concat(new OpMsgRequest('db', command, { requestId: 1 }).toBin());
}

describe('the driver that this was written for', () => {
  it('has the pinned version', () => {
    expect((require('mongodb/package.json') as { version: string }).version).toBe('7.9.0');
  });

  it('has a document sequence', () => {
    expect(sequenceClass).not.toBeNull();
  });

  it('sends the pushed bytes as they are, as one section of kind 1', () => {
    if (!sequenceClass) throw new Error('no document sequence');
    const documents = [{ a: 1 }, { a: 2 }, { b: 'x' }].map((document) => Buffer.from(BSON.serialize(document)));
    const [first, second, third] = documents as [Buffer, Buffer, Buffer];
    const sequence = new sequenceClass('documents');
    // Two documents pushed as one piece, then one more.
    sequence.push({}, Buffer.concat([first, second]));
    sequence.push({}, third);
    const bytes = wireBytes({ insert: 'c', documents: sequence });
    const body = bytes.readInt32LE(21);
    const section = bytes.subarray(21 + body);
    const expected = Buffer.concat([Buffer.from('\x01\0\0\0\0documents\0', 'latin1'), ...documents]);
    expected.writeInt32LE(expected.length - 1, 1);
    expect(section.equals(expected)).toBe(true);
    expect(bytes.readInt32LE(0)).toBe(bytes.length);
    expect(BSON.deserialize(bytes.subarray(21, 21 + body))).toEqual({ insert: 'c', $db: 'db' });
  });
});

describe('without a document sequence', () => {
  const sent: BSON.Document[] = [];
  const db = {
    command: (command: BSON.Document) => {
      sent.push(command);
      return Promise.resolve({ ok: 1, n: 1 });
    },
  } as unknown as Db;
  const send = (run: Buffer) => runRawWrite(db, { insert: 'c' }, 'documents', { runs: [run], count: 1 }, null);

  it('sends documents that survive decoding', async () => {
    const bytes = Buffer.from(
      BSON.serialize({ i: new BSON.Int32(1), d: new BSON.Double(1), l: BSON.Long.ONE, s: 'x' }),
    );
    await send(bytes);
    const documents = sent.at(-1)?.['documents'] as BSON.Document[];
    expect(bytes.equals(BSON.serialize(documents[0] ?? {}))).toBe(true);
  });

  it('refuses one that does not', async () => {
    // The same name twice: a decoder keeps one of them.
    const twice = Buffer.from('\x13\0\0\0\x10a\0\x01\0\0\0\x10a\0\x02\0\0\0\0', 'latin1');
    await expect(send(twice)).rejects.toThrow('does not survive decoding');
  });
});

describe('replies', () => {
  const replying = (reply: BSON.Document) => ({ command: () => Promise.resolve(reply) }) as unknown as Db;
  const run = { runs: [Buffer.from(BSON.serialize({ a: 1 }))], count: 1 };

  it('gives counts and write errors', async () => {
    const db = replying({ ok: 1, n: 0, writeErrors: [{ index: 0, code: 11000, errmsg: 'dup' }] });
    const reply = await runRawWrite(db, { insert: 'c' }, 'documents', run);
    expect(reply).toEqual({ n: 0, writeErrors: [{ index: 0, code: 11000, message: 'dup' }] });
  });

  it('takes a reply without n as nothing written', async () => {
    expect(await runRawWrite(replying({ ok: 1 }), { insert: 'c' }, 'documents', run)).toEqual({
      n: 0,
      writeErrors: [],
    });
  });

  it('throws when the majority did not confirm', async () => {
    const db = replying({ ok: 1, n: 1, writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } });
    await expect(runRawWrite(db, { insert: 'c' }, 'documents', run)).rejects.toThrow(
      'waiting for replication timed out',
    );
  });
});
