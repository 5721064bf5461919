import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Readable } from 'node:stream';
import { MongoClient } from 'mongodb';
import { headerBytes, segmentOf, segmentRange } from '#crypto';
import { createNativeLoadEngine } from '#engine';
import { backupSource, proveBackup, runBackup, runRestore, silentObserver } from '#pipeline';
import { createMemoryStore, DelegatingStore, type ByteRange } from '#storage';
import { planReads } from '../../libs/pipeline/src/parts/read-plan.js';
import { uniqueDatabase } from '../services/unique-names.js';
import { backupDeps, backupRequest, noAbort, testRing } from '../support/backup-world.js';
import { buildArchive } from '../support/build-archive.js';
import { seededBytes } from '../support/mutations.js';
import { loadRequest, testUri } from '../support/native-load.js';

// What a whole run of a restore, from the proof of the backup to the last rename, asks of the store when one small collection is wanted.

const random = seededBytes(11);
const large = Array.from({ length: 1500 }, (_, _id) => ({ _id, random: random.bytes(10_000) }));
const small = Array.from({ length: 50 }, (_, _id) => ({ _id, name: `patient ${_id}` }));

/** Every byte that is given out, by the last part of the object's key. */
class CountingStore extends DelegatingStore {
  readonly read = new Map<string, number>();
  readonly ranges: ByteRange[] = [];

  override async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const stream = await super.get(key, range, signal);
    if (key.endsWith('/data.hzn') && range !== undefined) this.ranges.push(range);
    stream.on('data', ({ length }: Buffer) => this.#count(key, length));
    return stream.pause();
  }

  override async getBytes(
    key: string,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; etag: string }> {
    const found = await super.getBytes(key, maxBytes, signal);
    this.#count(key, found.bytes.length);
    return found;
  }

  get total(): number {
    return [...this.read.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  #count(key: string, bytes: number): void {
    const name = key.split('/').at(-1) ?? key;
    this.read.set(name, (this.read.get(name) ?? 0) + bytes);
  }
}

let client: MongoClient;
const db = uniqueDatabase('reads');
const archive = buildArchive([
  { db, collection: 'a_large', documents: large },
  { db, collection: 'small', documents: small, indexes: [{ v: 2, key: { name: 1 }, name: 'name_1' }] },
  { db, collection: 'z_large', documents: large },
]);
beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(async () => {
  await client.db(db).dropDatabase();
  await client.close();
});

it('reads what proves the backup once, and of its data the segments with the prelude and the collection, once', async () => {
  const store = createMemoryStore();
  const { backup } = await runBackup(backupDeps(store, { archive }), backupRequest(), noAbort);
  const counting = new CountingStore(store);
  const deps = { store: counting, ring: testRing, observer: silentObserver };
  const proven = await proveBackup(deps, backup.backupId, noAbort);
  const request = loadRequest({ include: [`${db}.small`], backupId: backup.backupId });
  const parts = { engine: createNativeLoadEngine(), source: backupSource(deps, proven), observer: silentObserver };
  const report = await runRestore(parts, request, noAbort);
  expect(report.namespaces).toEqual([expect.objectContaining({ collection: 'small', documents: 50, indexes: 2 })]);
  expect(await client.db(db).collection('small').countDocuments()).toBe(50);

  const plan = planReads(proven.manifest, ({ collection }) => collection === 'small');
  if (plan.whole) throw new Error('all of it would be read');
  const segments = new Set(
    plan.frames.flatMap(({ start, bytes }) => {
      const [first, last] = [segmentOf(start).index, segmentOf(start + bytes - 1).index];
      return Array.from({ length: last - first + 1 }, (_, n) => first + n);
    }),
  );
  const { data, manifest } = backup.objects;
  const needed = [...segments].reduce((sum, index) => {
    const { start, end } = segmentRange(index, data.bytes);
    return sum + end - start;
  }, 0);
  const { 'data.hzn': ofData = 0, ...others } = Object.fromEntries(counting.read);
  // The header is looked at by the proof, and its first bytes once more by the reader, which opens with them.
  const headers = ofData - needed;
  expect(headers).toBeGreaterThan(0);
  expect(headers).toBeLessThanOrEqual(3 * 4136);
  // Of the manifest, too, the header is looked at first.
  expect(others).toEqual({ 'backup.json': expect.any(Number), 'manifest.hzn': headerBytes + manifest.bytes });
  expect(counting.total).toBeLessThan(data.bytes * 0.4);
  const inOrder = counting.ranges.filter(({ start }) => start > 0).toSorted((a, b) => a.start - b.start);
  for (const [at, { start }] of inOrder.entries()) expect(start).toBeGreaterThanOrEqual(inOrder[at - 1]?.end ?? 0);
});
