import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import type { Reply } from '../support/api-client.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// F17, F19: Redis that swallows everything, and Redis that is full. (Stopped, frozen and evicting: test/e2e/service-queue.spec.ts.) The API answers within 3 s (I10),
// nothing is half-created, and what failed is counted (I11).

const patience = 120_000;
const limitMs = 3_000;
let redis: TestRedis;
let proxy: TcpProxy;
let world: ServiceWorld;
let api: ServiceProcess;
let worker: ServiceProcess;

beforeEach(async () => {
  redis = await startRedisServer();
  proxy = await startTcpProxy(redis.url);
  // No reconciler looks meanwhile: what it found would be begun, and then the answer is 202.
  const settings = { REDIS_URL: proxy.uri, BACKUP_VERIFY: 'off', BACKUP_REAPER_SECONDS: '3600' };
  world = await ServiceWorld.create('folder', settings);
  await world.fill(100);
  // What is looked at is the API's way to Redis.
  [api, worker] = await Promise.all([world.startApi(), world.startWorker({ REDIS_URL: redis.url })]);
}, patience);
afterEach(async () => {
  try {
    proxy.mend();
    await expectNothingLeft(world, [api, worker]);
  } finally {
    await world.close();
    await proxy.close();
    await redis.close();
  }
}, patience);

async function inTime(call: Promise<Reply>): Promise<Reply> {
  const started = performance.now();
  const reply = await call;
  expect(performance.now() - started).toBeLessThan(limitMs);
  return reply;
}

async function expectUnavailable(call: Promise<Reply>): Promise<void> {
  const reply = await inTime(call);
  expect({ status: reply.status, body: reply.body }).toMatchObject({
    status: 503,
    body: {
      type: 'https://hazina.dev/problems/queue-unavailable',
      status: 503,
      instance: expect.any(String) as unknown,
    },
  });
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
}

const probe = async (service: ServiceProcess, name: string): Promise<number> =>
  (await fetch(`${service.url}/health/${name}`)).status;

async function failures(service: ServiceProcess, reason: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^hazina_queue_failures_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

const tasks = () => world.client.db(world.catalog).collection('tasks').find().toArray();

describe('F17 Redis swallows everything', () => {
  it(
    'F17 black-holed: 503 for what needs the queue, and nothing half-created; reads, cancels and deletions go on; live green, ready red',
    async () => {
      const [operator, admin] = [world.as('operator', api), world.as('admin', api)];
      const good = await operator.trigger();
      await operator.settled(good, ['completed']);
      // Looks of the upkeep touch the time of the last change, and nothing else.
      const records = async () => (await world.records()).map(({ changedAt: _at, ...record }) => record);
      const before = await records();
      proxy.silence();
      const lateBefore = await failures(api, 'late');

      await expectUnavailable(operator.post('/api/admin/backups/trigger'));
      await expectUnavailable(operator.post(`/api/admin/backups/${good}/verify`));
      await expectUnavailable(admin.post('/api/admin/backups/cleanup', { dryRun: true }));
      // Several at once wait for the same silence.
      const trigger = () => inTime(operator.post('/api/admin/backups/trigger'));
      const statuses = (await Promise.all(Array.from({ length: 5 }, trigger))).map(({ status }) => status);
      // Those that came while one of them held the target's place were told so.
      expect(statuses).toContain(503);
      expect(statuses.filter((status) => status !== 503 && status !== 409)).toEqual([]);
      expect(await records()).toEqual(before);
      expect(await tasks()).toEqual([]);
      expect(await failures(api, 'late')).toBeGreaterThan(lateBefore);

      for (const path of ['backups', `backups/${good}`, 'backups/stats', 'targets', 'schedules', 'system'] as const)
        expect((await inTime(operator.get(`/api/admin/${path}`))).status).toBe(200);
      expect((await inTime(operator.get('/api/admin/system'))).body).toMatchObject({ queue: { state: 'unavailable' } });
      expect((await inTime(operator.patch(`/api/admin/backups/${good}`, { label: 'kept' }))).status).toBe(200);
      expect(await probe(api, 'live')).toBe(200);
      await waitUntil(async () => (await probe(api, 'ready')) === 503, { what: 'a red API' });

      // What was swallowed stays lost: the API makes new connections.
      proxy.mend();
      await api.ready();
      const after = await operator.trigger();
      expect((await operator.settled(after)).status).toBe('completed');
      expect([api.exit, worker.exit]).toEqual([undefined, undefined]);
    },
    patience,
  );

  it(
    'F17 cut off at the moment of the call: the same, and a connection that comes back is used at once',
    async () => {
      const operator = world.as('operator', api);
      proxy.cut();
      await expectUnavailable(operator.post('/api/admin/backups/trigger'));
      expect(await world.records()).toEqual([]);
      proxy.mend();
      await api.ready();
      expect((await operator.settled(await operator.trigger())).status).toBe('completed');
      expect((await failures(api, 'unreachable')) + (await failures(api, 'late'))).toBeGreaterThan(0);
    },
    patience,
  );
});

describe('F19 Redis is full', () => {
  it(
    'F19 every write is refused: 503 and a metric, nothing half-created; with more memory work goes on by itself',
    async () => {
      const operator = world.as('operator', api);
      const client = new Redis(redis.url);
      try {
        await client.config('SET', 'maxmemory', '1mb');
        const fill = Buffer.alloc(100_000, 'x').toString();
        const full = async (): Promise<boolean> => {
          const refusal = await client.rpush('filler', fill).then(
            () => '',
            (error: unknown) => String(error),
          );
          return refusal.includes('OOM');
        };
        await waitUntil(full, { what: 'a full Redis', intervalMs: 0 });

        await expectUnavailable(operator.post('/api/admin/backups/trigger'));
        await expectUnavailable(world.as('admin', api).post('/api/admin/backups/cleanup'));
        const { body } = await operator.post('/api/admin/backups/trigger');
        expect(String(body.detail)).toMatch(/maxmemory/);
        expect(await world.records()).toEqual([]);
        expect(await tasks()).toEqual([]);
        expect(await failures(api, 'full')).toBe(3);
        expect((await inTime(operator.get('/api/admin/backups'))).status).toBe(200);
        for (const service of [api, worker]) expect(await probe(service, 'live')).toBe(200);

        await client.del('filler');
        await client.config('SET', 'maxmemory', '0');
        expect((await operator.settled(await operator.trigger())).status).toBe('completed');
        expect([api.exit, worker.exit]).toEqual([undefined, undefined]);
      } finally {
        client.disconnect();
      }
    },
    patience,
  );
});
