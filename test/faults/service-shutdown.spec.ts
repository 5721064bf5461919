import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { Lag } from '../support/lag.js';
import { ServiceFaults } from '../support/service-faults.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// A worker is told to end in the middle of an upload that stands still: it keeps its grace time, whatever is away.

const patience = 240_000;
const graceMs = 5_000;
/** From the end of the work to the end of the process. */
const exitMs = 2_000;
const grace = { BACKUP_SHUTDOWN_GRACE_SECONDS: String(graceMs / 1000) };
let faults: ServiceFaults;
/** What this machine is late is no delay of the worker. */
let lag: Lag;

beforeAll(async () => {
  lag = new Lag();
  faults = await ServiceFaults.open();
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(async () => {
  lag.stop();
  await faults.close();
});

/** A backup of which one part never arrives. */
async function stalledBackup(): Promise<string> {
  const gate = faults.holdUpload();
  const backupId = await faults.operator.trigger();
  await faults.inUpload(backupId, gate);
  return backupId;
}

describe('F10 SIGTERM in mid-backup with short grace', () => {
  it(
    'F10 while a part is stalled: ends in time with 0, its upload aborted and the record handed back, and another one makes the backup',
    async () => {
      const { world, operator } = faults;
      const first = await faults.worker({ ...grace, ...faults.behindProxy });
      const backupId = await stalledBackup();
      const asked = performance.now();
      first.child.kill('SIGTERM');
      // npm passes a signal on that the whole group got already.
      first.child.kill('SIGTERM');
      const isRed = async () => (await fetch(`${first.url}/health/ready`)).status === 503;
      await waitUntil(isRed, { what: 'a red readiness' });
      await first.ended();
      expect(performance.now() - asked - lag.since(asked)).toBeLessThan(graceMs + exitMs);
      expect(first.exit).toEqual({ code: 0, signal: null });
      expect((await world.inStore()).uploads).toEqual([]);
      expect((await world.records({ backupId }))[0]).toMatchObject({
        ...{ status: 'pending', failures: 0, jobNumber: 2, running: 'clinic' },
        error: { code: 'worker-shutdown', retryable: true, hint: expect.any(String) as unknown },
      });
      expect(await world.client.db(world.catalog).collection('workers').countDocuments()).toBe(0);

      await faults.worker();
      expect(await faults.completed(backupId)).toMatchObject({ attempt: 2 });
      expect(await operator.backup(backupId)).toMatchObject({ error: null });
      await faults.expectEqual(backupId);
    },
    patience,
  );

  it(
    'F10 while store, catalogue and Redis answer nothing: ends in time with 0 all the same, and another one takes the record over',
    async () => {
      const { world } = faults;
      const catalog = await startTcpProxy(world.uri(world.catalog));
      const redis = await startTcpProxy(world.settings['REDIS_URL'] ?? '');
      try {
        const away = { CATALOG_MONGODB_URI: catalog.uri, REDIS_URL: redis.uri, ...faults.behindProxy };
        const first = await faults.worker({ ...grace, ...away });
        const backupId = await stalledBackup();
        faults.store.on({ kind: 'stall' });
        catalog.silence();
        redis.silence();
        const asked = performance.now();
        expect(await first.stop('SIGTERM', 30_000)).toEqual({ code: 0, signal: null });
        expect(performance.now() - asked - lag.since(asked)).toBeLessThan(graceMs + exitMs);
        await faults.worker();
        expect(await faults.completed(backupId)).toMatchObject({ attempt: 2 });
        await faults.expectGood(backupId);
      } finally {
        await Promise.all([catalog.close(), redis.close()]);
      }
    },
    patience,
  );
});
