import { describe, expect, it } from '@jest/globals';
import { BSON, type Db, type Document } from 'mongodb';
import { LeftOut } from './left-out.js';
import type { Batch } from './open-batch.js';
import { insertBatch, type InsertOptions } from './insert-documents.js';
import type { InsertTarget } from './insert-target.js';

// Replies that the test server does not give, and servers that it is not.

/** Answers one reply after the other and keeps the commands with their raw documents. */
function server(...replies: Document[]) {
  const sent: { command: Document; documents: Document[] }[] = [];
  const db = {
    command: (command: Document) => {
      const sequence = (command['documents'] ?? command['updates'] ?? command['deletes']) as { chunks: Uint8Array[] };
      const documents = sequence.chunks.slice(1).map((bytes) => BSON.deserialize(bytes, { promoteValues: false }));
      sent.push({ command, documents });
      return Promise.resolve(replies.shift() ?? { ok: 1, n: 1 });
    },
  } as unknown as Db;
  const target: InsertTarget = {
    db,
    collection: '_hazina_tmp_abcdef_0',
    final: { db: 'a', collection: 'people' },
    ordered: false,
  };
  return { sent, target };
}
const batchOf = (...documents: Document[]): Batch => {
  const runs = documents.map((document) => Buffer.from(BSON.serialize(document)));
  return { runs, count: runs.length, bytes: Buffer.concat(runs).length };
};
const options: InsertOptions = { onConflict: 'fail', keepsEmptyTimestamps: true };

describe('insertBatch', () => {
  it('takes ok: 1 with fewer documents than sent for a failure', async () => {
    const { target } = server({ ok: 1, n: 1 });
    await expect(insertBatch(target, batchOf({ _id: 1 }, { _id: 2 }), options)).rejects.toMatchObject({
      code: 'restore/failed',
      message: 'The target wrote 1 of 2 documents of a.people, without saying why',
    });
  });

  it('names collection and _id of a duplicate, and nothing else of the document', async () => {
    const errmsg = 'E11000 duplicate key error collection: a._hazina_tmp_abcdef_0 index: _id_ secret';
    const { target } = server({ ok: 1, n: 1, writeErrors: [{ index: 1, code: 11000, errmsg }] });
    await expect(insertBatch(target, batchOf({ _id: 1 }, { _id: 'x' }), options)).rejects.toMatchObject({
      code: 'restore/failed',
      message: 'The archive holds two documents of a.people with the _id "x"',
      hint: expect.stringContaining('--on-conflict keep-last'),
      details: { namespace: 'a.people', index: '_id_' },
    });
  });

  it('keep-last where order matters: goes on after each duplicate, in the order of the archive', async () => {
    const dup = (index: number) => ({ ok: 1, n: index, writeErrors: [{ index, code: 11000, errmsg: 'dup' }] });
    const { sent, target } = server(dup(1), { ok: 1, n: 1 }, dup(2), { ok: 1, n: 1 }, { ok: 1, n: 1 });
    const ordered = { ...target, ordered: true };
    const leftOut = new LeftOut();
    const batch = batchOf({ _id: 1 }, { _id: 1, v: 2 }, { _id: 3 }, { _id: 3, v: 4 });
    expect(await insertBatch(ordered, batch, { ...options, onConflict: leftOut })).toBe(2);
    expect(sent.map(({ command, documents }) => [Object.keys(command)[0], documents.length])).toEqual([
      ...[
        ['insert', 4],
        ['delete', 1],
        ['insert', 3],
        ['delete', 1],
        ['insert', 1],
      ],
    ]);
    expect(leftOut).toMatchObject({
      total: 2,
      listed: ['_id 1: the earlier of two documents with it', '_id 3: the earlier of two documents with it'],
    });
  });

  it('keep-last: a document that was not there to be replaced is no success', async () => {
    const { target } = server(
      { ok: 1, n: 0, writeErrors: [{ index: 0, code: 11000, errmsg: 'dup' }] },
      { ok: 1, n: 0 },
    );
    await expect(
      insertBatch(target, batchOf({ _id: 1 }), { ...options, onConflict: new LeftOut() }),
    ).rejects.toMatchObject({ code: 'restore/failed' });
  });

  it('asks servers that can to keep empty timestamps', async () => {
    const { sent, target } = server();
    await insertBatch(target, batchOf({ _id: 1 }), options);
    expect(sent[0]?.command).toMatchObject({ bypassEmptyTsReplacement: true });
  });

  it('puts empty timestamps right on servers that cannot', async () => {
    const at = new BSON.Timestamp(0n);
    const { sent, target } = server({ ok: 1, n: 3 }, { ok: 1, n: 1 });
    await insertBatch(target, batchOf({ _id: 1, at }, { _id: 2, at: new BSON.Timestamp(1n) }, { _id: at }), {
      ...options,
      keepsEmptyTimestamps: false,
    });
    expect(sent[0]?.command).not.toHaveProperty('bypassEmptyTsReplacement');
    expect(sent).toHaveLength(2);
    expect(sent[1]?.command).toMatchObject({ update: target.collection, writeConcern: { w: 'majority' } });
    const one = new BSON.Int32(1);
    expect(sent[1]?.documents).toEqual([
      { q: { _id: { $eq: one } }, u: [{ $replaceWith: { $literal: { _id: one, at } } }] },
    ]);
  });
});
