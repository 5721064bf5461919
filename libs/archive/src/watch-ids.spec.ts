import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { BSON, type Document } from 'mongodb';
import { buildArchive } from '../../../test/support/build-archive.js';
import { readArchive } from './read-archive.js';
import { IdWatch } from './watch-ids.js';

async function watch(ids: readonly unknown[], { mostIds, pieces = 1 }: { mostIds?: number; pieces?: number } = {}) {
  return watchAll([{ collection: 'c', documents: ids.map((_id) => ({ _id })) }], mostIds, pieces);
}
async function watchAll(collections: { collection: string; documents: Document[] }[], mostIds?: number, pieces = 1) {
  const archive = buildArchive(
    collections.map((one) => ({ db: 'd', ...one })),
    7,
  );
  const size = Math.ceil(archive.length / pieces);
  const chunks = Array.from({ length: pieces }, (_, n) => archive.subarray(n * size, (n + 1) * size));
  const ids = new IdWatch(mostIds);
  await readArchive(Readable.from(chunks), {
    documents: (namespace, run) => ids.documents(namespace, run),
    namespaceEnd: (namespace) => ids.namespaceEnd(namespace),
  });
  return ids;
}
const counts = (ids: IdWatch) => ids.found.map(({ collection, count }) => `${collection}: ${count}`);

describe('ids that stand twice', () => {
  it.each([
    ['numbers of one kind', [1, 2, 3, 2]],
    ['numbers of several kinds', [new BSON.Int32(5), 'x', new BSON.Double(5)]],
    ['long and int', [new BSON.Long(7n), new BSON.Int32(7)]],
    ['minus zero', [new BSON.Double(0), new BSON.Double(-0)]],
    ['text', ['a', 'b', 'a']],
    ['documents', [{ a: 1, b: 'x' }, { a: 2 }, { a: 1, b: 'x' }]],
    [
      'binary data',
      [new BSON.UUID('00112233-4455-6677-8899-aabbccddeeff'), new BSON.UUID('00112233-4455-6677-8899-aabbccddeeff')],
    ],
    ['object ids', [new BSON.ObjectId('0123456789abcdef01234567'), 1, new BSON.ObjectId('0123456789abcdef01234567')]],
    ['dates', [new Date(5), new Date(6), new Date(5)]],
    ['null', [null, 1, null]],
  ])('%s', async (_what, ids) => {
    expect(counts(await watch(ids))).toEqual(['c: 1']);
    expect(counts(await watch(ids, { pieces: 40 }))).toEqual(['c: 1']);
  });

  it('are not what only looks alike', async () => {
    const alike = [
      '1',
      1,
      new Date(1),
      new BSON.Timestamp(1n),
      new BSON.Long(2n ** 53n),
      new BSON.Long(2n ** 53n + 1n),
    ];
    expect(counts(await watch(alike))).toEqual([]);
  });

  it('are told by the first few, and counted', async () => {
    const ids = await watch([...Array(20).keys(), ...Array(20).keys()]);
    expect(ids.found).toEqual([
      { db: 'd', collection: 'c', count: 20, ids: [0, 1, 2, 3, 4].map((n) => `{"$numberInt":"${n}"}`) },
    ]);
    expect(ids.unknown).toBe(0);
  });

  it('are those of one collection', async () => {
    const documents = [{ _id: 1 }, { _id: 2 }];
    const ids = await watchAll([
      { collection: 'a', documents },
      { collection: 'b', documents: [...documents, { _id: 1 }] },
    ]);
    expect(counts(ids)).toEqual(['b: 1']);
  });
});

describe('within bounded memory', () => {
  it('ids in ascending order are known to be new, however many', async () => {
    const ids = await watch(
      Array.from({ length: 5000 }, (_, n) => n),
      { mostIds: 100 },
    );
    expect([counts(ids), ids.unknown]).toEqual([[], 0]);
  });

  it('a duplicate of one that is remembered is found, one beyond is not, and it says so', async () => {
    const ids = await watch([...Array.from({ length: 5000 }, (_, n) => n), 3, 4000], { mostIds: 100 });
    expect([counts(ids), ids.unknown]).toEqual([['c: 1'], 1]);
  });

  it('what one collection gave back, the next may remember', async () => {
    const texts = Array.from({ length: 90 }, (_, n) => `id ${n}`);
    const documents = [...texts, 'id 89'].map((_id) => ({ _id }));
    const ids = await watchAll(
      ['a', 'b', 'c'].map((collection) => ({ collection, documents })),
      100,
    );
    expect([counts(ids), ids.unknown]).toEqual([['a: 1', 'b: 1', 'c: 1'], 0]);
  });

  it('remembers a hundred thousand ids without mistake', () => {
    const ids = new IdWatch();
    const namespace = { metadata: '{}', db: 'd', collection: 'c' } as unknown as Parameters<IdWatch['documents']>[0];
    const document = Buffer.from(BSON.serialize({ _id: new BSON.Double(0.5) }));
    // Downwards: nothing is known by its order.
    for (let n = 100_000; n > 0; n -= 1) {
      document.writeDoubleLE(n + 0.5, 9);
      ids.documents(namespace, document);
    }
    document.writeDoubleLE(77.5, 9);
    ids.documents(namespace, document);
    ids.namespaceEnd(namespace);
    expect([ids.found[0]?.count, ids.found[0]?.ids, ids.unknown]).toEqual([1, ['{"$numberDouble":"77.5"}'], 0]);
  });
});
