import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { createNativeLoadEngine } from '#engine';
import { backupSource, proveBackup, runBackup, runRestore, runVerify, silentObserver } from '#pipeline';
import type { ObjectStore } from '#storage';
import { services, uniqueDatabase } from '../services/services.js';
import { backupDeps, backupRequest, clinicArchive, noAbort, testRing } from '../support/backup-world.js';
import { contentsOf, loadRequest } from '../support/native-load.js';
import { s3World, type S3World } from '../support/s3-world.js';
import type { S3Fault, S3Request, S3Rule } from '../support/s3-proxy.js';

// F32: a download that stalls or breaks off is taken up again where it was (I2, I8), and given up in bounded time when nothing helps.

const patience = 90_000;
const everyByte = (): S3Rule => ({ operation: 'GetObject', when: isOfData });
let world: S3World;
let client: MongoClient;
let backupId: string;
let database: string;
/** What an undisturbed restore makes. */
let whole: string[];

beforeAll(async () => {
  world = await s3World();
  client = await MongoClient.connect(services().mongodbUri);
  const request = backupRequest({ compression: { codec: 'none', level: undefined } });
  ({ backupId } = (await runBackup(backupDeps(world.direct), request, noAbort)).backup);
  await restore(world.direct);
  whole = await contentsOf(client, database);
  expect(whole.length).toBeGreaterThan(4);
  await client.db(database).dropDatabase();
}, patience);
afterEach(async () => {
  world.proxy.heal();
  expect((await world.contents()).filter((entry) => entry.startsWith('upload'))).toEqual([]);
  await client.db(database).dropDatabase();
});
afterAll(async () => {
  await client.close();
  await world.close();
});

/** Reads of the data itself, not of its header. */
function isOfData({ key, range }: S3Request): boolean {
  const [, start = '0', end = '0'] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  return key.endsWith('/data.hzn') && Number(end) - Number(start) > 4096;
}

async function restore(store: ObjectStore): Promise<void> {
  database = uniqueDatabase('f32');
  const proven = await proveBackup({ store, ring: testRing }, backupId, noAbort);
  const source = backupSource({ store, ring: testRing, observer: silentObserver }, proven);
  const request = loadRequest({ rename: [{ from: 'fx_clinic', to: database }] });
  await runRestore({ engine: createNativeLoadEngine(), source, observer: silentObserver }, request, noAbort);
}

describe('F32 a restore whose download fails', () => {
  const cases: [string, S3Fault, number][] = [
    // Three times as much is less than the object: the last one breaks off too, although all that was let through came through.
    ['breaks off in the middle', { kind: 'reset-reply', after: 100_000 }, 3],
    ['stalls in the middle', { kind: 'stall-reply', after: 150_000 }, 2],
    ['stalls before its first byte', { kind: 'stall-reply', after: 0 }, 1],
    ['is slowed down', { kind: 'reply', status: 503, code: 'SlowDown' }, 2],
  ];
  it.each(cases)(
    'F32 %s: goes on by range, and every document is there',
    async (_name, fault, times) => {
      const store = await world.open();
      const seen = world.proxy.requests.length;
      const told = world.proxy.on(fault, { ...everyByte(), times });
      await restore(store);
      expect(told.struck).toBe(times);
      const starts = world.proxy.requests
        .slice(seen)
        .filter(isOfData)
        .map(({ range }) => Number(/\d+/.exec(range ?? '')?.[0]));
      // Never from a place again behind which something has come.
      const comes = 'after' in fault && fault.after > 0;
      const steps = starts.slice(1).map((start, at) => start - (starts[at] ?? 0));
      expect(steps.map((step) => (comes ? step > 0 : step === 0))).toEqual(Array.from({ length: times }, () => true));
      expect(await contentsOf(client, database)).toEqual(whole);
      await verified(store);
    },
    patience,
  );

  it(
    'F32 for good: given up in bounded time, the target as it was',
    async () => {
      const store = await world.open({ maxAttempts: 2 });
      world.proxy.on({ kind: 'reset-reply', after: 0 }, everyByte());
      const began = performance.now();
      await expect(restore(store)).rejects.toMatchObject({ code: 'store/unreachable', retry: 'retry' });
      expect(performance.now() - began).toBeLessThan(60_000);
      expect(await contentsOf(client, database)).toEqual([]);
    },
    patience,
  );
});

async function verified(store: ObjectStore): Promise<void> {
  const found = await runVerify(
    { store, ring: testRing, observer: silentObserver },
    { backupId, level: 'readable' },
    noAbort,
  );
  expect(found.archiveBytes).toBe(clinicArchive.length);
}
