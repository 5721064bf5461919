import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import type { Gate } from '../support/gate.js';
import { ServiceFaults } from '../support/service-faults.js';
import type { ServiceProcess } from '../support/service-process.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Redis only carries work: a backup that runs does not notice that it restarts, forgets everything or stands still, and what waits is found again.

const patience = 240_000;
const targets = [{ name: 'clinic' }, { name: 'ward' }];
let redis: TestRedis;
let faults: ServiceFaults;

beforeAll(async () => {
  redis = await startRedisServer();
  faults = await ServiceFaults.open({ REDIS_URL: redis.url, BACKUP_VERIFY: 'readable' }, { targets });
}, patience);
afterEach(() => faults.expectNothingLeft(), patience);
afterAll(async () => {
  await faults.close();
  await redis.close();
});

const once = ['created', 'claimed', 'committed', 'completed'];

async function command(name: string, ...args: string[]): Promise<void> {
  const client = new Redis(redis.url, { retryStrategy: () => null });
  // SHUTDOWN answers by hanging up.
  await client.call(name, ...args).catch((error: unknown) => expect(String(error)).toContain('closed'));
  client.disconnect();
}

/** Whether Redis knows a job; also one that has ended. */
async function jobIsThere(jobId: string): Promise<boolean> {
  const client = new Redis(redis.url);
  try {
    return (await client.exists(`${faults.world.settings['REDIS_PREFIX'] ?? ''}:backup:${jobId}`)) === 1;
  } finally {
    client.disconnect();
  }
}

/** A backup in its upload, and one that waits in Redis for the same worker. */
async function oneRunsOneWaits(): Promise<{ running: string; waiting: string; worker: ServiceProcess; gate: Gate }> {
  const { operator } = faults;
  const gate = faults.holdUpload();
  const worker = await faults.worker(faults.behindProxy);
  const running = await operator.trigger({ target: 'clinic' });
  await faults.inUpload(running, gate);
  return { running, waiting: await operator.trigger({ target: 'ward' }), worker, gate };
}

describe('F15 Redis restarts', () => {
  it(
    'F15 with its data, in mid-backup: the backup goes on, what waits stays, and all are back within 30 s',
    async () => {
      const { running, waiting, worker, gate } = await oneRunsOneWaits();
      await command('SHUTDOWN', 'SAVE');
      const isRed = async () => (await fetch(`${worker.url}/health/ready`)).status === 503;
      await waitUntil(isRed, { what: 'a red readiness of the worker' });
      expect((await fetch(`${worker.url}/health/live`)).status).toBe(200);
      await redis.start();
      const restarted = performance.now();
      expect(await jobIsThere(`${waiting}-1`)).toBe(true);
      gate.open();
      await Promise.all([worker.ready(), faults.api.ready()]);
      await faults.completed(running);
      await worker.waitForLine((line) => line['msg'] === 'backup claimed' && line['backupId'] === waiting, 'to go on');
      expect(performance.now() - restarted).toBeLessThan(30_000);
      await faults.completed(waiting);
      expect([await faults.story(running), await faults.story(waiting)]).toEqual([once, once]);
      for (const backupId of [running, waiting]) await faults.verified(backupId);
      await faults.expectGood(running);
    },
    patience,
  );
});

describe('F16 Redis loses everything', () => {
  it(
    'F16 FLUSHALL in mid-backup: the backup completes, what waits and what the schedule makes returns within 60 s',
    async () => {
      const { world } = faults;
      const { running, waiting, gate } = await oneRunsOneWaits();
      await command('FLUSHALL');
      gate.open();
      const flushed = performance.now();
      await faults.completed(running);
      await faults.completed(waiting);
      expect(performance.now() - flushed).toBeLessThan(60_000);
      for (const backupId of [running, waiting]) await faults.verified(backupId);
      expect(await faults.story(running)).toEqual(once);
      expect(await jobIsThere(`${waiting}-1`)).toBe(false);

      const everyFive = targets.map((target) => ({ ...target, schedule: '*/5 * * * * *' }));
      const scheduling = await world.startApi(world.withTargets('scheduled', everyFive));
      const slots = (after: Date) => world.records({ trigger: 'schedule', status: 'completed', slot: { $gt: after } });
      await waitUntil(async () => (await slots(new Date(0))).length > 0, {
        what: 'a backup of a slot',
        timeoutMs: 60_000,
      });
      await command('FLUSHALL');
      const emptied = new Date();
      const returned = async () => new Set((await slots(emptied)).map(({ target }) => String(target))).size === 2;
      await waitUntil(returned, { what: 'a backup of a slot of each target', timeoutMs: 60_000 });
      expect(await scheduling.stop()).toEqual({ code: 0, signal: null });
      await faults.expectGood(running);
    },
    patience,
  );
});

describe('F18 Redis slow or paused', () => {
  it(
    'F18 far away, and standing still for 20 s in mid-backup: no run twice, and work goes on afterwards',
    async () => {
      const far = await startTcpProxy(redis.url, { latencyMs: 150 });
      try {
        const gate = faults.holdUpload();
        const workers = await Promise.all(
          [1, 2].map(() => faults.worker({ ...faults.behindProxy, REDIS_URL: far.uri })),
        );
        const first = await faults.operator.trigger({ target: 'clinic' });
        await faults.inUpload(first, gate);
        await command('CLIENT', 'PAUSE', '20000');
        gate.open();
        const paused = performance.now();
        await faults.completed(first);
        // The end of the pause is the first answer.
        const answers = async () => (await fetch(`${faults.api.url}/health/ready`)).ok;
        await waitUntil(answers, { what: 'the end of the pause', timeoutMs: 40_000 });
        expect(performance.now() - paused).toBeGreaterThan(19_000);
        const second = await faults.operator.trigger({ target: 'clinic' });
        await faults.completed(second);
        for (const backupId of [first, second]) await faults.verified(backupId);
        expect([await faults.story(first), await faults.story(second)]).toEqual([once, once]);
        const claims = workers.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'backup claimed'));
        expect(claims).toHaveLength(2);
        await faults.expectGood(first);
        await Promise.all(workers.map((worker) => worker.stop()));
      } finally {
        await far.close();
      }
    },
    patience,
  );
});
