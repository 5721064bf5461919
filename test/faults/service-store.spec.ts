import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { createStore, type ObjectStore } from '#storage';
import { services, waitUntil } from '../services/services.js';
import { askEveryMs } from '../support/api-client.js';
import { ServiceFaults } from '../support/service-faults.js';
import type { ServiceProcess } from '../support/service-process.js';

// Rows 28, 29 and 35 as the service meets them: a store that lets nothing go, that has lost everything, or has another time (I5, I11). Locks and single objects:
// store-loss.spec.ts; jumps of our own clock: service-clock.spec.ts.

const patience = 120_000;
const dayMs = 86_400_000;
let faults: ServiceFaults;

beforeAll(async () => {
  faults = await ServiceFaults.open(
    { BACKUP_MIN_KEEP: '1', BACKUP_RETENTION_DAYS: '30', BACKUP_REVERIFY_DAYS: '365' },
    { documents: 300 },
  );
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(() => faults.close());

async function made(): Promise<string> {
  const backupId = await faults.operator.trigger();
  await faults.completed(backupId);
  return backupId;
}

/** A cleanup by the worker, to its end. */
async function cleanUp(): Promise<Record<string, unknown>> {
  const { status, body } = await faults.world
    .as('admin', faults.api)
    .post('/api/admin/backups/cleanup', { dryRun: false });
  expect(status).toBe(202);
  const tasks = faults.world.client.db(faults.world.catalog).collection('tasks');
  const ended = () => tasks.findOne({ taskId: body.cleanupId, status: { $nin: ['pending', 'in_progress'] } });
  return await waitUntil(ended, {
    what: 'the end of the cleanup',
    timeoutMs: 60_000,
    intervalMs: askEveryMs,
  });
}

/** Past the proxy, and behind the service's back. */
function openBucket(): Promise<ObjectStore> {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  return createStore({
    ...{ kind: 's3', bucket: faults.world.bucket ?? '', prefix: 'mongodb-backups/', region, endpoint },
    ...{ forcePathStyle: true, sse: 'none', checksums: 'auto', uploadConcurrency: 1 },
    credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
  });
}

const deletesOf = (backupId: string) =>
  faults.store.requests.filter(({ operation, key }) => operation === 'DeleteObject' && key.includes(backupId)).length;
const refused = (worker: ServiceProcess) => faults.metric(worker, 'hazina_retention_refused');

describe('F28 a store that refuses every removal', () => {
  it(
    'F28 retention tries once, keeps record and backup with the reason, counts it, and removes it when it may',
    async () => {
      const worker = await faults.worker(faults.behindProxy);
      const ids = [await made(), await made(), await made()];
      const [old = ''] = ids;
      await faults.world.client
        .db(faults.world.catalog)
        .collection('backups')
        .updateOne({ backupId: old }, { $set: { completedAt: new Date(Date.now() - 60 * dayMs) } });
      // The store's clock counts: it tells whole seconds, and what is dated after it takes no place, so that the old one would be the last good one.
      const [newest] = await faults.world.records({ backupId: ids.at(-1) });
      const isPast = () => Date.now() - (newest?.['completedAt'] as Date).getTime() > 3_000;
      await waitUntil(isPast, { what: "the store's clock to pass the newest backup" });
      faults.store.on({ kind: 'reply', status: 403, code: 'AccessDenied' }, { operation: 'DeleteObject' });
      const before = deletesOf(old);
      expect(await cleanUp()).toMatchObject({ status: 'completed', result: { removed: 0 } });
      // No loop: one refusal is enough.
      expect(deletesOf(old) - before).toBe(1);
      expect(await faults.operator.backup(old)).toMatchObject({ status: 'completed' });
      const [record] = await faults.world.records({ backupId: old });
      expect((record?.['events'] as object[]).at(-1)).toMatchObject({
        type: 'delete-refused',
        message: expect.stringContaining('was not removed'),
      });
      await waitUntil(async () => (await refused(worker)) === 1, { what: 'the metric' });
      await faults.expectGood(old);

      faults.store.heal();
      expect(await cleanUp()).toMatchObject({ status: 'completed', result: { removed: 1 } });
      expect(await faults.operator.backup(old)).toMatchObject({ status: 'deleted' });
      await waitUntil(async () => (await refused(worker)) === 0, { what: 'the metric of the next one' });
    },
    patience,
  );
});

describe('F29 a bucket that was emptied', () => {
  it(
    'F29 retention and the next backup refuse it as another store and raise an alert; no record is touched, and all is well when it is back',
    async () => {
      await faults.worker();
      const [older, newest] = [await made(), await made()];
      const store = await openBucket();
      const kept = new Map<string, Buffer>();
      try {
        for await (const { key } of store.list('')) kept.set(key, (await store.getBytes(key, 50_000_000)).bytes);
        for (const key of kept.keys()) await store.delete(key);
        expect(await cleanUp()).toMatchObject({ status: 'failed', error: { code: 'store/changed', stage: 'store' } });
        expect(await faults.alerts()).toEqual(['cleanup-failed/primary']);
        const next = await faults.ended(await faults.operator.trigger());
        expect(next).toMatchObject({ status: 'failed', error: { code: 'store/changed' } });
        expect(await faults.alerts()).toEqual(['backup-failed/clinic', 'cleanup-failed/primary']);
        for (const backupId of [older, newest])
          expect(await faults.operator.backup(backupId)).toMatchObject({ status: 'completed' });
      } finally {
        for (const [key, bytes] of kept) await store.putBytes(key, bytes);
        await store.close();
      }
      await faults.expectGood(newest);
      expect(await cleanUp()).toMatchObject({ status: 'completed' });
      await made();
      const isOver = async () => (await faults.alerts()).length === 0;
      await waitUntil(isOver, { what: 'the end of the alerts' });
    },
    patience,
  );
});

it(
  'F35 a store whose clock is ten minutes ahead: the metric says so, and backups go on',
  async () => {
    const aheadMs = 600_000;
    faults.store.on({ kind: 'date', date: () => new Date(Date.now() + aheadMs) });
    const worker = await faults.worker(faults.behindProxy);
    // S3 tells whole seconds, and the reply takes its time.
    const isTold = async () =>
      Math.abs((await faults.metric(worker, 'hazina_clock_skew_seconds')) - aheadMs / 1000) < 30;
    await waitUntil(isTold, { what: 'the skew', timeoutMs: 30_000, intervalMs: askEveryMs });
    await faults.expectEqual(await made());
  },
  patience,
);
