import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { ArchiveReader, readArchive } from '#archive';
import { AppError, type BackupJson, type Manifest } from '#contracts';
import { sealedSize } from '#crypto';
import { createMemoryStore, DelegatingStore, type ByteRange, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, noAbort, testRing } from '../../../../test/support/backup-world.js';
import { buildArchive } from '../../../../test/support/build-archive.js';
import { FaultyStore, storeBroke } from '../../../../test/support/faulty-store.js';
import { seededBytes } from '../../../../test/support/mutations.js';
import { proveBackup, type ProvenBackup } from '../objects/prove-backup.js';
import { runBackup } from '../run-backup.js';
import { openPart } from './open-part.js';
import { planReads } from './read-plan.js';

// Reading a part of a backup: what was chosen is proven as in the whole, and nothing else is read.

jest.setTimeout(120_000);

const random = seededBytes(8);
const documents = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, _id) => ({ _id, random: random.bytes(bytes) }));
/** 16 MB of which `b.small` is 20 kB in the middle and `b.parted` lies in two places: four frames, random so that segments are many too. */
const archive = buildArchive(
  [
    { db: 'a', collection: 'large', documents: documents(800, 10_000) },
    { db: 'b', collection: 'small', documents: documents(20, 1000) },
    { db: 'b', collection: 'empty' },
    { db: 'b', collection: 'view', type: 'view', options: { viewOn: 'small', pipeline: [] } },
    { db: 'c', collection: 'large', documents: documents(800, 10_000) },
    { db: 'd', collection: 'last', documents: documents(20, 1000) },
  ],
  100,
);

/** Counts the bytes that are read of data objects. */
class CountingStore extends DelegatingStore {
  bytes = 0;
  requests = 0;
  override async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const stream = await super.get(key, range, signal);
    if (!key.endsWith('data.hzn')) return stream;
    this.requests += 1;
    this.bytes += (range?.end ?? 0) - (range?.start ?? 0);
    return stream;
  }
}

/** Flips one bit of data objects. */
class FlippingStore extends DelegatingStore {
  constructor(
    inner: ObjectStore,
    private readonly at: number,
  ) {
    super(inner);
  }
  override async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const bytes = Buffer.from(await buffer(await super.get(key, range, signal)));
    const at = this.at - (range?.start ?? 0);
    const old = bytes[at];
    if (key.endsWith('data.hzn') && old !== undefined) bytes[at] = old ^ 1;
    return Readable.from([bytes], { objectMode: false });
  }
}

interface Made {
  readonly store: ObjectStore;
  readonly backup: BackupJson;
}
const codecs = ['none', 'gzip', 'zstd'] as const;
const made = new Map<(typeof codecs)[number], Made>();
beforeAll(async () => {
  for (const codec of codecs) {
    const store = createMemoryStore();
    const request = backupRequest({ compression: { codec, level: 1 } });
    made.set(codec, { store, backup: (await runBackup(backupDeps(store, { archive }), request, noAbort)).backup });
  }
}, 120_000);
const madeOf = (codec: (typeof codecs)[number]): Made => {
  const found = made.get(codec);
  if (found === undefined) throw new Error(`no backup of ${codec}`);
  return found;
};
const prove = (store: ObjectStore, backup: BackupJson) =>
  proveBackup({ store, ring: testRing }, backup.backupId, noAbort);
const named =
  (...names: string[]) =>
  ({ db, collection }: { db: string; collection: string }) =>
    names.includes(`${db}.${collection}`);

async function read(store: ObjectStore, proven: ProvenBackup, names: string[], warnings: string[] = []) {
  const stream = openPart({ store, ring: testRing }, proven, named(...names), {
    signal: noAbort,
    onWarning: (text) => warnings.push(text),
  });
  return readArchive(stream);
}
const failing = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
const countsOf = (summary: Awaited<ReturnType<typeof read>>) =>
  summary.namespaces.map(({ db, collection, documents: found }) => [`${db}.${collection}`, found]);

describe.each(codecs)('a backup with compression %s', (codec) => {
  it('gives what was chosen, and reads its segments and those of the prelude only', async () => {
    const { store, backup } = madeOf(codec);
    const proven = await prove(store, backup);
    const counting = new CountingStore(store);
    expect(countsOf(await read(counting, proven, ['b.small']))).toEqual([['b.small', 20]]);
    // Two frames of at most 4 MiB (the prelude's and its own), each with the segments it touches; without compression two segments.
    const most = 4136 + (codec === 'none' ? 2 : 2 * 6) * 1_048_576;
    expect(counting.bytes).toBeLessThanOrEqual(most);
    expect(counting.bytes).toBeLessThan(backup.objects.data.bytes * 0.7);
    expect(counting.requests).toBeLessThanOrEqual(3);
  });

  it('reads exactly the segments that hold the planned frames', async () => {
    const { store, backup } = madeOf(codec);
    const proven = await prove(store, backup);
    const plan = planReads(proven.manifest, named('d.last'));
    if (plan.whole) throw new Error('all is read');
    const segments = new Set<number>();
    for (const { start, bytes } of plan.frames)
      for (let at = start; at < start + bytes; at += 1) {
        const segment = at < 1_048_520 ? 0 : 1 + Math.floor((at - 1_048_520) / 1_048_560);
        segments.add(segment);
        at = segment === 0 ? 1_048_519 : 1_048_520 + segment * 1_048_560 - 1;
      }
    const size = backup.objects.data.bytes;
    const expected = [...segments].reduce((sum, index) => {
      const start = index === 0 ? 4136 : 4096 + index * 1_048_576;
      return sum + Math.min(4096 + (index + 1) * 1_048_576, size) - start;
    }, 4136);
    const counting = new CountingStore(store);
    expect(countsOf(await read(counting, proven, ['d.last']))).toEqual([['d.last', 20]]);
    expect(counting.bytes).toBe(expected);
  });

  it.each([
    [
      ['b.empty', 'b.view'],
      [
        ['b.empty', 0],
        ['b.view', 0],
      ],
    ],
    [
      ['a.large', 'd.last'],
      [
        ['a.large', 800],
        ['d.last', 20],
      ],
    ],
    [[], []],
  ])('%j', async (names, counts) => {
    const { store, backup } = madeOf(codec);
    expect(countsOf(await read(store, await prove(store, backup), names))).toEqual(counts);
  });

  it('a choice of everything is the whole archive, byte for byte', async () => {
    const { store, backup } = madeOf(codec);
    const stream = openPart({ store, ring: testRing }, await prove(store, backup), () => true, { signal: noAbort });
    expect((await buffer(stream)).equals(archive)).toBe(true);
  });

  it('a byte flipped in a segment that is read is noticed; of one elsewhere nothing is said', async () => {
    const { store, backup } = madeOf(codec);
    const proven = await prove(store, backup);
    const outcomes: string[] = [];
    const { bytes } = backup.objects.data;
    for (const at of [4200, bytes / 2, bytes - 6_000_000, bytes - 1].map(Math.floor))
      outcomes.push(await failing(read(new FlippingStore(store, at), proven, ['b.small'])));
    expect(outcomes).toEqual(['container/corrupt', 'container/corrupt', 'none', 'none']);
    const whole = ['a.large', 'b.small', 'b.empty', 'b.view', 'c.large', 'd.last'];
    expect(await failing(read(new FlippingStore(store, bytes - 1), proven, whole))).toBe('container/corrupt');
  });
});

describe('hostile stores', () => {
  it('an object that is swapped while it is read is refused', async () => {
    const { store, backup } = madeOf('zstd');
    const other = await runBackup(backupDeps(store, { archive }), backupRequest(), noAbort);
    const key = `clinic/${backup.backupId}/1/data.hzn`;
    const genuine = (await store.getBytes(key, 100_000_000)).bytes;
    const foreign = (await store.getBytes(`clinic/${other.backup.backupId}/1/data.hzn`, 100_000_000)).bytes;
    const proven = await prove(store, backup);
    await store.putBytes(key, foreign.subarray(0, genuine.length));
    expect(await failing(read(store, proven, ['b.small']))).toBe('backup/mismatch');
    // The same bytes as another version: whoever put them there, it is not what was looked at.
    await store.putBytes(key, genuine);
    expect(await failing(read(store, proven, ['b.small']))).toBe('backup/mismatch');
    expect(await failing(read(store, await prove(store, backup), ['b.small']))).toBe('none');
  });

  it('a store that breaks off is asked again, from where it broke', async () => {
    const { store, backup } = madeOf('zstd');
    const proven = await prove(store, backup);
    const faulty = new FaultyStore(store);
    faulty.on('get', { kind: 'cut', after: 700_000, error: storeBroke }, { key: /data\.hzn$/, skip: 1, times: 2 });
    expect(countsOf(await read(faulty, proven, ['b.small']))).toEqual([['b.small', 20]]);
  });

  it('one that ends early, and one that lies', async () => {
    const { store, backup } = madeOf('zstd');
    const proven = await prove(store, backup);
    const lying = new FaultyStore(store);
    lying.on('get', { kind: 'lie', bytes: (bytes) => Buffer.alloc(bytes.length) }, { key: /data\.hzn$/, skip: 1 });
    expect(await failing(read(lying, proven, ['b.small']))).toBe('container/corrupt');
  });

  it('giving up closes the requests', async () => {
    const { store, backup } = madeOf('none');
    const proven = await prove(store, backup);
    const stream = openPart({ store, ring: testRing }, proven, named('a.large', 'd.last'), { signal: noAbort });
    stream.once('data', () => stream.destroy());
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.destroyed).toBe(true);
  });
});

describe('backups without an index', () => {
  const without = (proven: ProvenBackup, change: (manifest: Manifest) => Partial<Manifest>): ProvenBackup => ({
    ...proven,
    manifest: { ...proven.manifest, ...change(proven.manifest) },
  });

  it('are read as a whole, and a note says so', async () => {
    const { store, backup } = madeOf('zstd');
    const proven = await prove(store, backup);
    for (const old of [
      without(proven, ({ blocks: _blocks, ...rest }) => ({ ...rest, blocks: undefined })),
      without(proven, () => ({ frames: [] })),
      without(proven, () => ({ blocks: [] })),
    ]) {
      const warnings: string[] = [];
      const counting = new CountingStore(store);
      const summary = await read(counting, old, ['b.small'], warnings);
      expect(summary.namespaces).toHaveLength(6);
      expect(counting.bytes).toBe(backup.objects.data.bytes);
      expect(warnings).toEqual([expect.stringMatching(/is read, not only what was chosen: its manifest/)]);
    }
  });

  it.each<[string, (manifest: Manifest) => Partial<Manifest>]>([
    ['frames that are too few', ({ frames }) => ({ frames: frames?.slice(1) ?? [] })],
    ['a block behind the end', ({ blocks }) => ({ blocks: [...(blocks ?? []), [0, 1e9, 10]] })],
    ['blocks out of order', ({ blocks }) => ({ blocks: [...(blocks ?? [])].reverse() })],
    ['a block of nobody', ({ blocks }) => ({ blocks: (blocks ?? []).map(([, at, bytes]) => [99, at, bytes]) })],
  ])('%s: the manifest contradicts itself', async (_what, change) => {
    const { store, backup } = madeOf('zstd');
    const proven = without(await prove(store, backup), change);
    expect(await failing((async () => read(store, proven, ['b.small']))())).toBe('backup/mismatch');
  });

  it('a manifest that tells another checksum or count: what was read is refused', async () => {
    const { store, backup } = madeOf('zstd');
    const proven = await prove(store, backup);
    const edited = (edit: object) =>
      without(proven, ({ namespaces }) => ({
        namespaces: namespaces.map((one) => (one.collection === 'small' ? { ...one, ...edit } : one)),
      }));
    expect(await failing(read(store, edited({ crc64: '0123456789abcdef' }), ['b.small']))).toBe('archive/crc-mismatch');
    expect(await failing(read(store, edited({ documents: 21 }), ['b.small']))).toBe('backup/mismatch');
  });

  it('the fixture is what it is said to be', () => {
    const reader = new ArchiveReader();
    reader.write(archive);
    expect(reader.end().namespaces).toHaveLength(6);
    expect(archive.length).toBeGreaterThan(16_000_000);
    expect(sealedSize(archive.length)).toBe(madeOf('none').backup.objects.data.bytes);
  });
});
