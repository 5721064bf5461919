import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alertKey, drillJob, taskJob, type NewDrill } from '#catalog';
import { loadWorkerConfig } from '#config';
import { isFinalTask, randomSuffix, systemRandom } from '#contracts';
import { createLog } from '#logging';
import { defaultTuning } from '../../apps/worker/src/core/tuning.js';
import { AbandonedDrills } from '../../apps/worker/src/drills/abandoned-drills.js';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { services, waitUntil } from '../services/services.js';
import { databasesOf } from '../support/drill-world.js';
import { MovedClock } from '../support/moved-clock.js';
import { settledTask } from '../support/settled-task.js';
import { WorkerWorld, type Environment, type RunningWorker } from '../support/worker-world.js';

jest.setTimeout(120_000);
const documents = 500;
const targets: Environment = {
  RESTORE_TARGETS: 'production,staging',
  RESTORE_TARGET_STAGING_URI: services().mongodbUri,
  RESTORE_TARGET_STAGING_SCRATCH: 'true',
  RESTORE_TARGET_PRODUCTION_URI: services().mongodbUri,
  ...{ BACKUP_LEASE_SECONDS: '5', BACKUP_BEAT_SECONDS: '1', BACKUP_REAPER_SECONDS: '1' },
};

let world: WorkerWorld;
let worker: RunningWorker;
let backupId: string;

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(documents);
  worker = await world.worker(targets);
  backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup', timeoutMs: 60_000 });
});
afterAll(() => world.close());

async function ask(more: Partial<NewDrill> = {}): Promise<string> {
  const inserted = await world.catalog.drills.insert({
    drillId: `drill-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ trigger: 'manual', choice: 'asked', slot: null, target: 'clinic', backupId, targetName: 'staging' },
    ...{ createdAt: new Date(), correlationId: 'c-drill', requestedBy: 'ada' },
    ...more,
  });
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  await world.queue.add(drillJob(inserted.record));
  return inserted.record.drillId;
}

const ended = (drillId: string) => settledTask(drillId, () => world.catalog.drills.find(drillId));

const isRaised = async () =>
  (await world.catalog.alerts.raised()).some(({ key }) => key === alertKey('drill-failed', 'clinic'));

describe('a drill of the service', () => {
  it('finds all equal, leaves nothing, and tells how long it took', async () => {
    const drillId = await ask();
    const record = await ended(drillId);
    expect(record).toMatchObject({ status: 'completed', error: null, stage: null, report: { outcome: 'equal' } });
    expect(record.report).toMatchObject({ documents, queries: [] });
    expect(record.report?.namespaces).toMatchObject([
      { db: world.source, collection: 'patients', documents, differences: [] },
    ]);
    expect(record.report?.restoreMs).toBeGreaterThan(0);
    expect(await databasesOf(drillId)).toEqual([]);
    expect(await world.catalog.drills.uses(backupId)).toBe(false);
    const backup = await world.record(backupId);
    expect(backup.verificationStatus).toMatchObject({
      ...{ verified: true, level: 'restored', verificationHash: backup.hash },
    });
    expect(backup.verifications.at(-1)).toMatchObject({
      ...{ verificationId: drillId, level: 'restored', status: 'completed', startedAt: record.startedAt, error: null },
    });
    const text = await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text();
    expect(text).toMatch(/hazina_drills_total\{target="clinic",result="completed"\} [1-9]/);
    expect(text).toMatch(/hazina_recovery_time_seconds\{target="clinic"\} \d/);
    expect(text).toMatch(/hazina_drill_last_success_timestamp_seconds\{target="clinic"\} \d/);
    await waitUntil(
      async () =>
        /hazina_recovery_point_timestamp_seconds\{target="clinic"\} \d/.test(
          await (await fetch(`http://127.0.0.1:${worker.port}/metrics`)).text(),
        ),
      { what: 'the recovery point' },
    );
  });

  it('fails loudly on a target that is none, and is well again after the next', async () => {
    const record = await ended(await ask({ targetName: 'production' }));
    expect(record).toMatchObject({ status: 'failed', error: { code: 'request/unsupported' }, report: null });
    await waitUntil(isRaised, { what: 'the alert' });
    // That the target is none says nothing of the backup.
    const { verifications } = await world.record(backupId);
    expect(verifications.every(({ status }) => status === 'completed')).toBe(true);
    await ended(await ask());
    await waitUntil(async () => !(await isRaised()), { what: 'the end of the alert' });
  });

  it('of a store whose backup is away says nothing of it', async () => {
    const jsonKey = `clinic/${backupId}/backup.json`;
    const { bytes } = await world.withStore((store) => store.getBytes(jsonKey, 1_000_000));
    const before = (await world.record(backupId)).verifications;
    await world.withStore((store) => store.delete(jsonKey));
    try {
      expect(await ended(await ask())).toMatchObject({ status: 'failed' });
      expect((await world.record(backupId)).verifications).toEqual(before);
    } finally {
      await world.withStore((store) => store.putBytes(jsonKey, Buffer.from(bytes)));
    }
  });

  it('that meets a flipped bit says so of its backup, and takes it back when the object is well', async () => {
    const dataKey = `clinic/${backupId}/1/data.hzn`;
    const good = await world.withStore(async (store) => (await store.getBytes(dataKey, 10_000_000)).bytes);
    const bad = Buffer.from(good);
    bad[good.length - 100] = (bad[good.length - 100] ?? 0) ^ 1;
    await world.withStore((store) => store.putBytes(dataKey, bad));
    const drillId = await ask();
    expect(await ended(drillId)).toMatchObject({ status: 'failed', error: { code: 'container/corrupt' } });
    const damaged = await world.record(backupId);
    expect(damaged.verificationStatus).toEqual({
      ...{ verified: false, level: null, verifiedAt: null, verificationHash: null },
    });
    expect(damaged.verifications.at(-1)).toMatchObject({
      ...{ verificationId: drillId, level: 'restored', status: 'failed', error: { code: 'container/corrupt' } },
    });
    await world.withStore((store) => store.putBytes(dataKey, good));
    await ended(await ask());
    expect((await world.record(backupId)).verificationStatus).toMatchObject({ verified: true, level: 'restored' });
  });

  it('is cancelled before a worker begins, and its backup is free', async () => {
    const drillId = `drill-20261123T090000Z-${randomSuffix(systemRandom, 6)}`;
    await world.catalog.drills.insert({
      ...{ drillId, trigger: 'manual', choice: 'asked', slot: null, target: 'clinic', backupId, targetName: 'staging' },
      ...{ createdAt: new Date(), correlationId: 'c-drill', requestedBy: 'ada' },
    });
    expect(await world.catalog.drills.uses(backupId)).toBe(true);
    const outcome = await world.catalog.drills.requestCancel(drillId, new Date());
    // The reconciler may have been faster.
    expect(['cancelled', 'requested', 'too-late']).toContain(outcome);
    expect(isFinalTask((await ended(drillId)).status)).toBe(true);
    expect(await world.catalog.drills.requestCancel(drillId, new Date())).toBe('too-late');
    expect(await databasesOf(drillId)).toEqual([]);
  });
});

it('a verification at level restored is a drill, and stands on the backup', async () => {
  const taskId = `${backupId}-v1`;
  const at = { createdAt: new Date(), correlationId: 'c-verify' };
  await world.catalog.tasks.insert({ taskId, kind: 'verify', ...at, backupId, level: 'restored', cleanup: null });
  await world.queue.add(taskJob({ taskId, kind: 'verify', jobNumber: 1 }));
  const own = ({ verificationId }: { verificationId: string }) => verificationId === taskId;
  const record = await world.until(backupId, ({ verifications }) => verifications.some(own), {
    ...{ what: 'the verification', timeoutMs: 60_000 },
  });
  expect(record.verifications.find(own)).toMatchObject({ level: 'restored', status: 'completed' });
  expect(record.verificationStatus).toMatchObject({
    ...{ verified: true, level: 'restored', verificationHash: record.hash },
  });
  expect(await databasesOf(taskId)).toEqual([]);
});

it('what a killed drill of anybody left is dropped, when its marker stood still for its lease', async () => {
  const databaseOf = (what: string) => `hazina_scratch_${randomSuffix(systemRandom, 6)}_${what}`;
  const [left, alive, patient, foreign] = ['left', 'alive', 'patient', 'restore'].map(databaseOf) as [
    ...[string, string, string, string],
  ];
  const mark = { _id: 'marker' as never, restoreId: 'x', backupId, createdAt: new Date() };
  const markers = (name: string) => world.client.db(name).collection('_hazina_scratch');
  for (const name of [left, alive]) await markers(name).insertOne({ ...mark, beat: 3, leaseMs: 7_000 });
  await markers(patient).insertOne({ ...mark, beat: 3, leaseMs: 120_000 });
  // Of a scratch restore: people look at it.
  await markers(foreign).insertOne(mark);
  const clock = new MovedClock('2027-01-01T00:00:00Z');
  const config = await loadWorkerConfig({ environment: world.environment(targets), readFile, workingDirectory: '/' });
  const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
  const abandoned = new AbandonedDrills({ config, clock, log, tuning: defaultTuning });
  const dropped: string[] = [];
  for (let second = 0; second < 10; second += 1) {
    dropped.push(...(await abandoned.look()));
    await markers(alive).updateOne({ _id: 'marker' as never }, { $inc: { beat: 1 } });
    if (second === 6) expect(dropped).not.toContain(left);
    clock.pass(1_000);
  }
  expect(dropped).toContain(left);
  const { databases } = await world.client.db().admin().listDatabases({ nameOnly: true });
  const names = databases.map(({ name }) => name);
  expect(names).not.toContain(left);
  expect(names).toEqual(expect.arrayContaining([alive, patient, foreign]));
  for (const name of [alive, patient, foreign]) await world.client.db(name).dropDatabase();
});

function readFile(path: string): Buffer {
  throw new Error(`no file is read in this test: ${path}`);
}
