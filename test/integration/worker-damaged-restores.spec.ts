import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { restoreJob, type NewRestore } from '#catalog';
import { randomSuffix, systemRandom, type RestoreRecord } from '#contracts';
import { runBackup } from '#pipeline';
import { createMemoryStore } from '#storage';
import { services, uniqueDatabase } from '../services/services.js';
import { backupDeps, backupRequest, noAbort } from '../support/backup-world.js';
import { settledTask } from '../support/settled-task.js';
import { WorkerWorld, type Environment, type RunningWorker } from '../support/worker-world.js';

// Restores by the service of backups that are not what they were: refused before a byte reaches the target, or, where only a later byte shows it, with
// everything that was loaded dropped again.

jest.setTimeout(90_000);
const targets: Environment = {
  RESTORE_TARGETS: 'staging',
  RESTORE_TARGET_STAGING_URI: services().mongodbUri,
  RESTORE_TARGET_STAGING_SCRATCH: 'true',
};
const mebibyte = 1 << 20;
type File = 'data.hzn' | 'manifest.hzn' | 'backup.json';
type Modes = Pick<NewRestore, 'mode'> & Partial<NewRestore>;

let world: WorkerWorld;
let worker: RunningWorker;
let [backupId, other] = ['', ''];
const made: string[] = [];
/** What a test changed in the bucket, to be put back. */
const changed = new Map<string, Buffer>();

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(200);
  // Bytes that no compression makes smaller: several segments, so that much is loaded before the last of them is read.
  await world.client
    .db(world.source)
    .collection('bulk')
    .insertMany(Array.from({ length: 8 }, () => ({ bytes: randomBytes(mebibyte / 2) })));
  worker = await world.worker(targets);
  [backupId, other] = [await completed(), await completed()];
});
afterEach(async () => {
  await world.withStore(async (store) => {
    for (const [key, bytes] of changed) await store.putBytes(key, bytes);
  });
  changed.clear();
  for (const name of made.splice(0)) await world.client.db(name).dropDatabase();
});
afterAll(() => world.close());

async function completed(): Promise<string> {
  const id = await world.trigger();
  await world.until(id, ({ status }) => status === 'completed', { what: 'a backup', timeoutMs: 60_000 });
  return id;
}

async function keyOf(id: string, file: File): Promise<string> {
  const key = (await world.stored()).find((stored) => stored.includes(`${id}/`) && stored.endsWith(`/${file}`));
  if (key === undefined) throw new Error(`${id} has no ${file}`);
  return key;
}

/** Puts something else into the place of an object; null: nothing at all. */
async function change(file: File, turn: (bytes: Buffer, ofOther: Buffer) => Buffer | null): Promise<void> {
  const [key, second] = [await keyOf(backupId, file), await keyOf(other, file)];
  await world.withStore(async (store) => {
    const { bytes } = await store.getBytes(key, 16 * mebibyte);
    changed.set(key, bytes);
    const turned = turn(bytes, (await store.getBytes(second, 16 * mebibyte)).bytes);
    if (turned === null) await store.delete(key);
    else await store.putBytes(key, turned);
  });
}

function flippedAt(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}

async function restored(more: Modes): Promise<RestoreRecord> {
  const inserted = await world.catalog.restores.insert({
    restoreId: `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ backupId, targetName: 'staging', databases: [], include: [], exclude: [], rename: [], onConflict: 'fail' },
    ...{ ignoreWrites: false, dryRun: false, createdAt: new Date(), correlationId: 'c-damaged', requestedBy: 'ada' },
    ...{ role: 'admin', ...more },
  });
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  const { restoreId } = inserted.record;
  await world.queue.add(restoreJob(inserted.record));
  return settledTask(restoreId, () => world.catalog.restores.find(restoreId), { intervalMs: 20 });
}

/** A database that holds something else under the names of the backup. */
async function old(): Promise<string> {
  const name = uniqueDatabase('damaged');
  made.push(name);
  const db = world.client.db(name);
  await db.collection('patients').insertMany([{ _id: 'old' as never, n: 1 }, { _id: 'older' as never }]);
  await db.collection('patients').createIndex({ n: 1 });
  await db.collection('kept').insertOne({ _id: 1 as never });
  return name;
}

async function contentsOf(name: string): Promise<unknown> {
  const db = world.client.db(name);
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map((one) => one.name).sort();
  return Promise.all(
    names.map(async (one) => [
      one,
      await db.collection(one).find({}).sort({ _id: 1 }).toArray(),
      (await db.collection(one).indexes()).map((index) => String(index.name)).sort(),
    ]),
  );
}

/** What the worker's log says of a restore. */
const stagesOf = (restoreId: string): unknown[] =>
  worker.lines.filter((line) => line.msg === 'stage' && line['restoreId'] === restoreId).map((line) => line['stage']);

const databases = async (part: string) => {
  const { databases: all } = await world.client.db('admin').admin().listDatabases({ nameOnly: true });
  return all.map(({ name }) => name).filter((name) => name.includes(part));
};

/** Restores over something else, which must be as it was. */
async function replacing(more: Partial<NewRestore> = {}): Promise<RestoreRecord> {
  const name = await old();
  const before = await contentsOf(name);
  const record = await restored({ mode: 'replace', rename: [{ from: world.source, to: name }], ...more });
  expect(await contentsOf(name)).toEqual(before);
  expect(record).toMatchObject({ status: 'failed', report: null, failures: 0 });
  return record;
}

describe('a bit that was flipped near the end', () => {
  const flip = () => change('data.hzn', (bytes) => flippedAt(bytes, bytes.length - mebibyte / 4));

  it('replace: everything is as it was', async () => {
    await flip();
    const { restoreId, error, safety } = await replacing();
    expect(error?.code).toMatch(/^container\//);
    expect(safety).not.toBeNull();
    // It is a matter of a later byte: the loading had begun.
    expect(stagesOf(restoreId)).toContain('load');
  });

  it('a part: it is refused before it is loaded', async () => {
    await flip();
    const { error, progress } = await replacing({ include: [`${world.source}.bulk`] });
    expect(error?.code).toMatch(/^container\//);
    expect(progress?.documents ?? 0).toBeLessThan(8);
  });

  it.each(['into-empty', 'scratch'] as const)('%s: nothing is there', async (mode) => {
    await flip();
    const name = uniqueDatabase('damaged');
    made.push(name);
    const record = await restored({ mode, rename: mode === 'scratch' ? [] : [{ from: world.source, to: name }] });
    expect(record).toMatchObject({ status: 'failed', report: null });
    expect(record.error?.code).toMatch(/^container\//);
    expect(await contentsOf(name)).toEqual([]);
    expect(await databases(`hazina_scratch_${record.restoreId.slice(-6)}`)).toEqual([]);
  });
});

describe('refused before a byte reaches the target', () => {
  it.each<[string, File, Parameters<typeof change>[1], RegExp]>([
    ['data that was cut', 'data.hzn', (bytes) => bytes.subarray(0, bytes.length - 7), /^(backup|container)\//],
    ['data cut to its header', 'data.hzn', (bytes) => bytes.subarray(0, 4096), /^(backup|container)\//],
    ['data that is gone', 'data.hzn', () => null, /^backup\/missing$/],
    ['the data of another backup', 'data.hzn', (_bytes, ofOther) => ofOther, /^backup\/mismatch$/],
    ['the manifest of another backup', 'manifest.hzn', (_bytes, ofOther) => ofOther, /^backup\/mismatch$/],
    ['a damaged manifest', 'manifest.hzn', (bytes) => flippedAt(bytes, bytes.length - 20), /^container\//],
    ['the record of another backup', 'backup.json', (_bytes, ofOther) => ofOther, /^backup\//],
    ['no record any more', 'backup.json', () => null, /^backup\//],
  ])('%s', async (_what, file, turn, code) => {
    await change(file, turn);
    const { restoreId, error, safety } = await replacing();
    expect(error?.code).toMatch(code);
    expect(stagesOf(restoreId)).not.toContain('load');
    expect(safety).toBeNull();
  });

  it('a whole backup of the same id, which our key opens: the record names another one', async () => {
    const elsewhere = createMemoryStore();
    const deps = { ...backupDeps(elsewhere), ring: world.ring() };
    await runBackup(deps, backupRequest({ backupId }), noAbort);
    for (const file of ['data.hzn', 'manifest.hzn', 'backup.json'] as const) {
      const key = await keyOf(backupId, file);
      const forged = await elsewhere.getBytes(key, 16 * mebibyte);
      await change(file, () => forged.bytes);
    }
    const { restoreId, error, safety } = await replacing();
    expect(error).toMatchObject({ code: 'backup/mismatch', hint: expect.stringContaining('catalog sync') });
    expect(stagesOf(restoreId)).not.toContain('load');
    expect(safety).toBeNull();
  });

  it('the wrong key', async () => {
    await worker.end();
    worker = await world.worker({ ...targets, BACKUP_ENCRYPTION_KEY: `hex:${randomBytes(32).toString('hex')}` });
    const { restoreId, error, safety } = await replacing();
    expect(error?.code).toMatch(/^container\/(no|wrong)-key$/);
    expect(stagesOf(restoreId)).not.toContain('load');
    expect(safety).toBeNull();
  });
});
