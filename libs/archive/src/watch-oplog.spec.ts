import { expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { buildArchive } from '../../../test/support/build-archive.js';
import { insert, noop, oplogBegins, oplogNamespace, oplogOf } from '../../../test/support/oplog-entries.js';
import { ArchiveReader } from './reader.js';
import { OplogWatch } from './watch-oplog.js';

function watch(archive: Buffer, pieceBytes: number): OplogWatch {
  const oplog = new OplogWatch();
  const reader = new ArchiveReader({ documents: (namespace, run, count) => oplog.documents(namespace, run, count) });
  for (let at = 0; at < archive.length; at += pieceBytes) reader.write(archive.subarray(at, at + pieceBytes));
  reader.end();
  return oplog;
}

it.each([7, 1 << 20])('tells the last entry of the oplog, whatever the pieces (%d bytes)', (pieceBytes) => {
  const decoy = { db: 'a', collection: 'b', documents: [{ ts: new BSON.Timestamp({ t: 1, i: 1 }) }] };
  const text = 'ts\0'.repeat(5);
  const entries = [noop, insert('a.b', { _id: 1, text, list: [1, 'x'], deep: { ts: 1 } }), insert('a.b', { _id: 2 })];
  const { entries: count, last } = watch(buildArchive([decoy, oplogNamespace(entries)], 2), pieceBytes);
  expect([count, last]).toEqual([3, { t: oplogBegins + 2, i: 1 }]);
});

it('looks past values of every kind', () => {
  const every = {
    a: 1.5,
    b: 'text',
    c: { d: [1] },
    e: new BSON.Binary(Buffer.alloc(9)),
    f: new BSON.ObjectId(),
    g: true,
    h: new Date(0),
    i: null,
    j: new BSON.Int32(1),
    k: BSON.Long.fromNumber(1),
    l: BSON.Decimal128.fromString('1'),
    m: new BSON.MinKey(),
    n: new BSON.Code('x'),
    ts: new BSON.Timestamp({ t: 4_000_000_000, i: 4_000_000_001 }),
  };
  const oplog = new OplogWatch();
  const run = Buffer.concat([...oplogOf([noop]), BSON.serialize(every)]);
  oplog.documents({ db: '', collection: 'oplog' }, run, 2);
  expect(oplog.last).toEqual({ t: 4_000_000_000, i: 4_000_000_001 });
});

it('tells none where there is none', () => {
  expect(
    watch(buildArchive([{ db: 'a', collection: 'oplog', documents: [{ ts: new BSON.Timestamp({ t: 1, i: 1 }) }] }]), 99)
      .last,
  ).toBeNull();
  const oplog = new OplogWatch();
  oplog.documents({ db: '', collection: 'oplog' }, Buffer.from(BSON.serialize({ op: 'n', re: /x/ })), 1);
  expect([oplog.entries, oplog.last]).toEqual([1, null]);
});
