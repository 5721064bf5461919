import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alertKey, deleteJob, marksJob, taskJob } from '#catalog';
import type { TaskRecord } from '#contracts';
import { backupJsonOf, completedBackup, manualBackup, verifyTask } from '../support/catalog-world.js';
import { waitUntil } from '../services/services.js';
import { WorkerWorld, type Environment, type RunningWorker } from '../support/worker-world.js';

jest.setTimeout(60_000);
let world: WorkerWorld;
let worker: RunningWorker | undefined;

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(50);
});
afterEach(async () => {
  await worker?.end();
  worker = undefined;
});
afterAll(() => world.close());

async function start(more: Environment = {}): Promise<RunningWorker> {
  worker = await world.worker(more);
  return worker;
}

async function completed(): Promise<string> {
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup' });
  return backupId;
}

const key = (backupId: string, name: string) => `clinic/${backupId}/${name}`;
const isRaised = async (alert: string) => (await world.catalog.alerts.raised()).some(({ key: name }) => name === alert);

async function verify(backupId: string, number: number): Promise<TaskRecord> {
  const task = verifyTask(backupId, number);
  expect(await world.catalog.tasks.insert(task)).toBe(true);
  return run(task.taskId);
}

async function run(taskId: string): Promise<TaskRecord> {
  const task = await world.catalog.tasks.find(taskId);
  if (task === null) throw new Error(`there is no task ${taskId}`);
  await world.queue.add(taskJob(task));
  return waitUntil(
    async () => {
      const now = await world.catalog.tasks.find(taskId);
      return now?.status === 'completed' || now?.status === 'failed' ? now : undefined;
    },
    { what: `the end of ${taskId}`, timeoutMs: 20_000 },
  );
}

describe('a verification', () => {
  it('that finds a flipped bit is loud: task, record, log, metric, alert; and well again when the object is', async () => {
    const { lines, port } = await start();
    const backupId = await completed();
    const dataKey = key(backupId, '1/data.hzn');
    const good = await world.withStore(async (store) => (await store.getBytes(dataKey, 10_000_000)).bytes);
    const bad = Buffer.from(good);
    bad[good.length - 100] = (bad[good.length - 100] ?? 0) ^ 1;
    await world.withStore((store) => store.putBytes(dataKey, bad));

    const task = await verify(backupId, 1);
    expect(task).toMatchObject({
      status: 'failed',
      failures: 0,
      error: { code: 'container/corrupt', retryable: false },
    });
    const record = await world.until(backupId, ({ verifications }) => verifications.length === 1, {
      what: 'the outcome',
    });
    expect(record.verificationStatus.verified).toBe(false);
    await waitUntil(() => isRaised(alertKey('verification-failed', backupId)), { what: 'the alert' });
    await waitUntil(() => lines.some(({ msg, level }) => msg === 'verification failed' && level === 'error'), {
      what: 'the line',
    });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('hazina_verifications_total{target="clinic",level="readable",result="failed"} 1');

    await world.withStore((store) => store.putBytes(dataKey, good));
    expect((await verify(backupId, 2)).status).toBe('completed');
    await waitUntil(async () => !(await isRaised(alertKey('verification-failed', backupId))), {
      what: 'the end of the alert',
    });
    expect((await world.record(backupId)).verificationStatus.verified).toBe(true);
  });

  it('of a backup whose object is gone marks it missing and tells people', async () => {
    await start();
    const backupId = await completed();
    await world.withStore((store) => store.delete(key(backupId, '1/data.hzn')));
    expect((await verify(backupId, 1)).error).toMatchObject({ code: 'backup/missing' });
    await world.until(backupId, ({ status }) => status === 'missing', { what: 'the state missing' });
    await waitUntil(() => isRaised(alertKey('missing', backupId)), { what: 'the alert' });
  });
});

describe('other jobs', () => {
  it('removes a backup whose record is being deleted, but never the last good one', async () => {
    await start();
    const [first, second] = [await completed(), await completed()];
    const begun = await world.catalog.backups.beginDelete(first, 'a test', new Date());
    if (begun === null) throw new Error('not begun');
    await world.queue.add(deleteJob(begun));
    await world.until(first, ({ status }) => status === 'deleted', { what: 'the deletion' });
    expect((await world.stored()).filter((name) => name.includes(first))).toEqual([]);

    for (const { backupId } of await world.catalog.backups.completed())
      if (backupId !== second) await world.catalog.backups.markMissing(backupId, true, new Date());
    const last = await world.catalog.backups.beginDelete(second, 'a test', new Date());
    if (last === null) throw new Error('not begun');
    await world.queue.add(deleteJob(last));
    const refused = await world.until(second, ({ status }) => status === 'completed', { what: 'the refusal' });
    expect(refused.events.at(-1)).toMatchObject({
      type: 'delete-refused',
      message: expect.stringContaining('last good'),
    });
    expect((await world.stored()).filter((name) => name.includes(second))).toHaveLength(3);
  });

  it('writes pin and label to the marks', async () => {
    await start();
    const backupId = await completed();
    const changed = await world.catalog.backups.setMarks(backupId, { pinned: true, label: 'keep' });
    if (changed === null) throw new Error('not changed');
    await world.queue.add(marksJob(changed));
    await world.until(backupId, ({ marks }) => marks.written === 1, { what: 'the marks' });
    const { bytes } = await world.withStore((store) => store.getBytes(key(backupId, 'marks.json'), 10_000));
    expect(JSON.parse(bytes.toString())).toMatchObject({ version: 1, pinned: true, label: 'keep' });
  });

  it('cleans up: an expired record goes, statistics stay, the quota is told of', async () => {
    const { lines, port } = await start({
      BACKUP_MIN_KEEP: '1',
      BACKUP_QUOTA_BYTES: '1000',
      BACKUP_ORPHAN_GRACE_HOURS: '0',
    });
    const backupId = await completed();
    await world.withStore((store) =>
      store.putBytes(key(`clinic-20200101T000000Z-abcdef`, '1/data.hzn'), Buffer.from('x')),
    );
    // Whole, and nobody's: kept, and counted.
    for (const name of ['1/data.hzn', '1/manifest.hzn'])
      await world.withStore((store) => store.putBytes(key(`clinic-20200102T000000Z-abcdef`, name), Buffer.from('x')));
    const taskId = 'cleanup-test';
    await world.catalog.tasks.insert({
      ...{ taskId, kind: 'cleanup', createdAt: new Date(), correlationId: 'cleanup', backupId: null, level: null },
      cleanup: { target: null, dryRun: false, confirm: null },
    });
    const task = await run(taskId);
    expect(task.result).toMatchObject({ dryRun: false, orphansRemoved: 1 });
    expect(task.result?.decisions.find((decision) => decision.backupId === backupId)).toMatchObject({
      decision: 'keep',
    });
    await waitUntil(() => isRaised(alertKey('quota-critical', 'store')), { what: 'the alert of the quota' });
    await waitUntil(() => lines.some(({ msg, state }) => msg === 'storage' && state === 'critical'), {
      what: 'the statistics',
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('hazina_orphan_objects 2\n');
    expect(lines.find(({ msg }) => msg === 'cleaned up')).toMatchObject({
      orphansRemoved: 1,
      correlationId: 'cleanup',
    });
  });
});

describe('retention', () => {
  it('removes the expired one of five good backups, its objects too, and keeps what BACKUP_MIN_KEEP asks for', async () => {
    await start({ BACKUP_MIN_KEEP: '4', BACKUP_RETENTION_DAYS: '30' });
    const kept = await world.catalog.backups.completed();
    for (const { backupId } of kept) await world.catalog.backups.markMissing(backupId, true, new Date());
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await completed());
    // Two are too old; without the older one only as many are left as must stay.
    const [oldest = '', old = ''] = ids;
    const records = world.catalogs.client.db(world.catalogs.database).collection('backups');
    for (const [backupId, days] of [
      [oldest, 90],
      [old, 60],
    ] as const)
      await records.updateOne({ backupId }, { $set: { completedAt: new Date(Date.now() - days * 86_400_000) } });
    // The store's clock counts: it tells whole seconds, and may lag by one. A backup that is dated after it takes no place.
    const newest = (await world.record(ids.at(-1) ?? '')).completedAt?.getTime() ?? Infinity;
    await waitUntil(() => Date.now() - newest > 3000, { what: "the store's clock to pass the newest backup" });
    const taskId = 'cleanup-retention';
    await world.catalog.tasks.insert({
      ...{ taskId, kind: 'cleanup', createdAt: new Date(), correlationId: 'cleanup', backupId: null, level: null },
      cleanup: { target: 'clinic', dryRun: false, confirm: null },
    });
    const { result } = await run(taskId);
    const decisionOf = (id: string) => result?.decisions.find(({ backupId }) => backupId === id)?.decision;
    expect(ids.map(decisionOf)).toEqual(['remove', 'keep', 'keep', 'keep', 'keep']);
    expect(result).toMatchObject({ removed: 1 });
    expect(result?.freedBytes).toBeGreaterThan(0);
    expect((await world.record(oldest)).status).toBe('deleted');
    const audit = world.catalogs.client.db(world.catalogs.database).collection('auditlog');
    const noted = async () => (await audit.findOne({ event: 'retention_delete' })) ?? undefined;
    expect(await waitUntil(noted, { what: 'the entry of the audit log' })).toMatchObject({
      ...{ actor: 'retention', resource: taskId, correlationId: 'cleanup', outcome: 'success', detail: `1: ${oldest}` },
    });
    expect((await world.stored()).filter((name) => name.includes(oldest))).toEqual([]);
    for (const id of ids.slice(1)) {
      expect((await world.record(id)).status).toBe('completed');
      expect((await world.stored()).filter((name) => name.includes(id))).toHaveLength(3);
    }
  });
});

describe('retention that would remove over half', () => {
  it('is held back and told; confirmed, it is at work again, and that is told too', async () => {
    await start({ BACKUP_MIN_KEEP: '1', BACKUP_RETENTION_DAYS: '30' });
    for (const { backupId } of await world.catalog.backups.completed())
      await world.catalog.backups.markMissing(backupId, true, new Date());
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) ids.push(await completed());
    const records = world.catalogs.client.db(world.catalogs.database).collection('backups');
    await records.updateMany(
      { backupId: { $in: ids.slice(0, 3) } },
      { $set: { completedAt: new Date(Date.now() - 90 * 86_400_000) } },
    );
    const newest = (await world.record(ids.at(-1) ?? '')).completedAt?.getTime() ?? Infinity;
    await waitUntil(() => Date.now() - newest > 3000, { what: "the store's clock to pass the newest backup" });
    const cleanUp = async (taskId: string, confirm: number | null) => {
      await world.catalog.tasks.insert({
        ...{ taskId, kind: 'cleanup', createdAt: new Date(), correlationId: 'cleanup', backupId: null, level: null },
        cleanup: { target: null, dryRun: false, confirm },
      });
      return (await run(taskId)).result;
    };
    const alert = alertKey('cleanup-failed', 'primary');

    const held = await cleanUp('cleanup-held', null);
    expect(held).toMatchObject({ removed: 0 });
    await waitUntil(() => isRaised(alert), { what: 'the alert' });
    const [, number] = /confirm the number (\d+)/.exec(JSON.stringify(held?.decisions)) ?? [];
    expect(Number(number)).toBeGreaterThan(1);
    expect(await cleanUp('cleanup-confirmed', Number(number))).toMatchObject({ removed: Number(number) });
    await waitUntil(async () => !(await isRaised(alert)), { what: 'its end' });
    const notifications = world.catalogs.client.db(world.catalogs.database).collection('notifications');
    expect(await notifications.countDocuments({ kind: 'recovered', of: 'cleanup-failed' })).toBe(1);
  });
});

describe('what a worker does beside jobs', () => {
  it('tells of a quota that a backup has passed, without waiting for a cleanup', async () => {
    await start({ BACKUP_QUOTA_BYTES: '1' });
    const recovered = { message: 'as told', at: new Date(), target: null, backupId: null };
    await world.catalog.alerts.clear(alertKey('quota-critical', 'store'), recovered);
    await completed();
    await waitUntil(() => isRaised(alertKey('quota-critical', 'store')), { what: 'the alert of the quota' });
  });

  it('shows the last success of its target though another made it', async () => {
    const { port } = await start({ BACKUP_REAPER_SECONDS: '1' });
    const at = new Date(Date.now() + 60_000);
    const backupId = await completedBackup(world.catalog, 'clinic', {}, at);
    const line = `hazina_backup_last_success_timestamp_seconds{target="clinic"} ${at.getTime() / 1000}`;
    await waitUntil(async () => (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).includes(line), {
      what: 'the success of another',
    });
    await world.catalog.backups.beginDelete(backupId, 'a test', at);
    await world.catalog.backups.deleted(backupId, at);
  });

  it('publishes itself and the health of its targets and store, and takes the report back', async () => {
    const { worker: running, end, port } = await start();
    const report = await waitUntil(
      async () => (await world.catalog.workers.all()).find(({ targets }) => targets[0]?.reachable === true),
      { what: 'the report' },
    );
    expect(report).toMatchObject({
      ...{ workerId: running.owner, storeOk: true, beatSeconds: 20, nodeVersion: process.version },
      targets: [{ target: 'clinic', serverVersion: expect.any(String), databases: [world.source] }],
    });
    expect(report.keyIds).toHaveLength(1);
    expect(report.storeId).toMatch(/^[0-9a-f]{32}$/);
    for (const probe of ['live', 'ready', 'startup'])
      expect((await fetch(`http://127.0.0.1:${port}/health/${probe}`)).status).toBe(200);
    await end();
    expect(await world.catalog.workers.all()).toEqual([]);
  });

  it('names the keys that a kept backup needs and nobody gave it', async () => {
    const lost = manualBackup('clinic');
    await world.catalog.backups.insert(lost);
    const record = await world.catalog.backups.claim(lost.backupId, 'a test', new Date());
    const backup = { ...backupJsonOf(lost.backupId, 'clinic', record?.claim.fence ?? 0), keyIds: ['00000000000000aa'] };
    await world.catalog.backups.recordCommit(
      { id: lost.backupId, fence: 1 },
      { attempt: 1, bytes: JSON.stringify(backup) },
    );
    await world.catalog.backups.complete(lost.backupId, {
      ...{ backup, s3Key: 'x', metadata: null, warnings: [], resources: null, storeId: '0'.repeat(32) },
    });
    const { lines, port } = await start();
    await waitUntil(() => lines.some(({ msg }) => msg === 'keys missing'), { what: 'the line' });
    expect(lines.find(({ msg }) => msg === 'keys missing')).toMatchObject({ keyIds: ['00000000000000aa'], backups: 1 });
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
    expect(ready.status).toBe(200);
    expect(JSON.stringify(await ready.json())).toContain('00000000000000aa');
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('hazina_key_missing 1');
  });
});
