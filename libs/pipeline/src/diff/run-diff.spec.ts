import { describe, expect, it, jest } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import { seededNumbers } from '../../../../test/support/mutations.js';
import type { DiffNamespace, DiffSide, NamespaceDiff } from './diff-types.js';
import { diffDocuments } from './diff-documents.js';
import { fingerprint, IdTable, roomOf } from './id-table.js';
import { runDiff } from './run-diff.js';

jest.setTimeout(60_000);

/** A side in memory, that counts how often it is read. */
class MemorySide implements DiffSide {
  reads = 0;
  constructor(
    readonly held: Readonly<Record<string, readonly Document[]>>,
    private readonly crc64: string | null = null,
    private readonly type: DiffNamespace['type'] = 'collection',
  ) {}

  namespaces(): Promise<DiffNamespace[]> {
    return Promise.resolve(
      Object.entries(this.held).map(([collection, documents]) => ({
        ...{ db: 'a', collection, type: this.type, documents: documents.length, crc64: this.crc64 },
      })),
    );
  }

  async *documents({ collection }: DiffNamespace): AsyncGenerator<Buffer> {
    this.reads += 1;
    for (const document of this.held[collection] ?? [])
      yield await Promise.resolve(Buffer.from(BSON.serialize(document)));
  }
}
const first = async (side: MemorySide): Promise<DiffNamespace> => {
  const [namespace] = await side.namespaces();
  if (namespace === undefined) throw new Error('nothing is held');
  return namespace;
};

async function documentsOf(left: readonly Document[], right: readonly Document[], tableBytes?: number) {
  const [one, other] = [new MemorySide({ x: left }), new MemorySide({ x: right })];
  const found: string[] = [];
  const counts = await diffDocuments([await first(one), one], [await first(other), other], {
    ...(tableBytes === undefined ? {} : { tableBytes }),
    onDifference: ({ change, id }) => {
      found.push(`${change} ${JSON.stringify((BSON.deserialize(id) as { _id: unknown })._id)}`);
      return Promise.resolve();
    },
  });
  return { found: found.sort(), counts, reads: [one.reads, other.reads] };
}

describe('documents', () => {
  it('are found whatever their order: added, removed, changed', async () => {
    const left = [{ _id: 1 }, { _id: 2, a: 1 }, { _id: 'x' }, { _id: { k: 1 } }];
    const right = [{ _id: 'x' }, { _id: { k: 2 } }, { _id: 2, a: 2 }, { _id: 1 }];
    const { found, counts } = await documentsOf(left, right);
    expect(found).toEqual(['added {"k":2}', 'changed 2', 'removed {"k":1}'].sort());
    expect(counts).toEqual({ added: 1, removed: 1, changed: 1 });
  });

  it('the same ones are read once on each side', async () => {
    const same = [{ _id: 1 }, { _id: 2 }];
    expect(await documentsOf(same, [...same].reverse())).toEqual({
      found: [],
      counts: { added: 0, removed: 0, changed: 0 },
      reads: [1, 1],
    });
    expect((await documentsOf([], [])).counts).toEqual({ added: 0, removed: 0, changed: 0 });
  });

  it('more than the table holds take several passes, and the same is found', async () => {
    const below = seededNumbers(5);
    const make = (): Document[] =>
      Array.from({ length: 5000 }, (_, _id) => ({ _id, a: below(4) })).filter(() => below(10) > 0);
    const [left, right] = [make(), make()];
    const byId = new Map(right.map((document) => [document['_id'] as number, document['a'] as number]));
    const expected: string[] = [];
    for (const { _id, a } of left as { _id: number; a: number }[]) {
      if (!byId.has(_id)) expected.push(`removed ${_id}`);
      else if (byId.get(_id) !== a) expected.push(`changed ${_id}`);
      byId.delete(_id);
    }
    for (const id of byId.keys()) expected.push(`added ${id}`);
    const small = 16 * 1024 * 2;
    const parted = await documentsOf(left, right, small);
    expect(parted.found).toEqual(expected.sort());
    expect((await documentsOf(left, right)).found).toEqual(expected);
    expect(parted.reads[1]).toBe(Math.ceil(left.length / (roomOf(small) * 0.9)));
    expect(parted.reads[1]).toBeGreaterThan(5);
  });

  it('a table of 64 MiB holds one and a half million', () => {
    expect(roomOf(64 * 1024 * 1024)).toBe(1_572_864);
    const sut = new IdTable(3);
    const print = (id: string, content: string) => fingerprint(Buffer.from(id), Buffer.from(content));
    sut.add(print('a', '1'));
    sut.add(print('a', '2'));
    sut.add(print('b', '1'));
    expect(sut.waiting).toBe(2);
    expect(['2', '2'].map((content) => sut.meet(print('a', content)))).toEqual(['same', 'again']);
    expect(sut.meet(print('c', '1'))).toBe('added');
    expect([sut.takeWaiting(print('b', '1')), sut.takeWaiting(print('b', '1')), sut.waiting]).toEqual([true, false, 0]);
  });
});

describe('namespaces', () => {
  const run = async (left: MemorySide, right: MemorySide, documents: boolean) => {
    const found: NamespaceDiff[] = [];
    await runDiff(left, right, {
      chooses: ({ collection }) => collection !== 'hidden',
      onNamespace: (one) => Promise.resolve(void found.push(one)),
      ...(documents ? { documents: { onDifference: () => Promise.resolve() } } : {}),
    });
    return found.map(({ collection, verdict, documents: counts }) => [collection, verdict, counts]);
  };
  const one = { b: [{ _id: 1 }], a: [{ _id: 1 }], only: [], hidden: [] };
  const other = { b: [{ _id: 1 }, { _id: 2 }], a: [{ _id: 2 }], z: [], hidden: [{ _id: 1 }] };

  it('counts tell some of it, documents the rest', async () => {
    expect(await run(new MemorySide(one), new MemorySide(other), false)).toEqual([
      ['a', 'unknown', undefined],
      ['b', 'different', undefined],
      ['only', 'missing', undefined],
      ['z', 'added', undefined],
    ]);
    expect(await run(new MemorySide(one), new MemorySide(other), true)).toEqual([
      ['a', 'different', { added: 1, removed: 1, changed: 0 }],
      ['b', 'different', { added: 1, removed: 0, changed: 0 }],
      ['only', 'missing', undefined],
      ['z', 'added', undefined],
    ]);
  });

  it('what has the same checksum is not read; another kind is not comparable', async () => {
    const sides = ['0'.repeat(16), '0'.repeat(16)].map((crc) => new MemorySide({ a: [{ _id: 1 }] }, crc));
    const [left, right] = [sides[0] ?? new MemorySide({}), sides[1] ?? new MemorySide({})];
    expect(await run(left, right, true)).toEqual([['a', 'same', undefined]]);
    expect([left.reads, right.reads]).toEqual([0, 0]);
    expect(await run(left, new MemorySide({ a: [] }, null, 'view'), true)).toEqual([['a', 'different', undefined]]);
  });
});
