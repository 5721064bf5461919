/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../support/nothing-left.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { waitUntil } from '../services/services.js';

// Redis only carries work: what happens when it stops, comes back, or forgets everything.

describe('Redis', () => {
  let redis: TestRedis;
  let world: ServiceWorld;
  let api: ServiceProcess;
  let worker: ServiceProcess;

  beforeEach(async () => {
    redis = await startRedisServer();
    world = await ServiceWorld.create('folder', { REDIS_URL: redis.url });
    await world.fill(300);
  }, 60_000);

  afterEach(async () => {
    await world.close();
    await redis.close();
  });

  const start = async (settings: Record<string, string> = {}): Promise<void> => {
    [api, worker] = await Promise.all([world.startApi(settings), world.startWorker(settings)]);
  };
  const command = async (name: string, ...args: string[]): Promise<void> => {
    const client = new Redis(redis.url);
    expect(await client.call(name, ...args)).toBe('OK');
    await client.quit();
  };
  const statusOf = async (service: ServiceProcess, probe: string): Promise<number> =>
    (await fetch(`${service.url}/health/${probe}`)).status;

  it('F17 stopped: a trigger gives 503 in time and leaves nothing; reads go on; back again: work goes on by itself', async () => {
    await start();
    const operator = world.as('operator', api);
    await redis.stop();
    const started = performance.now();
    const refused = await operator.post('/api/admin/backups/trigger');
    expect(performance.now() - started).toBeLessThan(3000);
    expect(refused.status).toBe(503);
    expect(refused.body.type).toBe('https://hazina.dev/problems/queue-unavailable');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await world.records()).toEqual([]);
    expect((await operator.get('/api/admin/backups')).status).toBe(200);
    for (const service of [api, worker]) {
      expect(await statusOf(service, 'live')).toBe(200);
      await waitUntil(async () => (await statusOf(service, 'ready')) === 503, {
        what: `readiness of the ${service.app} to be red`,
      });
    }

    await redis.start();
    for (const service of [api, worker]) await service.ready();
    const done = await operator.settled(await operator.trigger());
    expect(done.status).toBe('completed');
    expect([api.exit, worker.exit]).toEqual([undefined, undefined]);
    await expectNothingLeft(world, [api, worker]);
  }, 150_000);

  it('F17 frozen: a trigger gives 503 in time', async () => {
    await start();
    redis.freeze();
    try {
      const started = performance.now();
      const refused = await world.as('operator', api).post('/api/admin/backups/trigger');
      expect(performance.now() - started).toBeLessThan(3000);
      expect(refused.status).toBe(503);
    } finally {
      redis.thaw();
    }
    // A job that Redis took after all has no record: it ends quietly.
    await waitUntil(async () => (await statusOf(api, 'ready')) === 200, { what: 'readiness', timeoutMs: 30_000 });
    expect(await world.records({ status: { $ne: 'completed' } })).toEqual([]);
    await expectNothingLeft(world, [api, worker]);
  }, 150_000);

  it('F19 that evicts makes both red, from their start and later, and names the policy; with noeviction they are green by themselves', async () => {
    await command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const started = (['api', 'worker'] as const).map((app) =>
      ServiceProcess.spawn(app, { ...world.cliEnvironment, ...world.environment, JWT_SECRET: world.jwtSecret }),
    );
    try {
      for (const service of started) {
        await service.listening();
        const red = async (): Promise<string | undefined> => {
          const reply = await fetch(`${service.url}/health/ready`);
          const text = await reply.text();
          return reply.status === 503 && text.includes('allkeys-lru') ? text : undefined;
        };
        expect(await waitUntil(red, { what: `a red ${service.app}`, timeoutMs: 30_000 })).toContain('noeviction');
        expect(await statusOf(service, 'live')).toBe(200);
      }
      await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      for (const service of started) await service.ready();
      await command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
      for (const service of started)
        await waitUntil(async () => (await statusOf(service, 'ready')) === 503, { what: `${service.app} red again` });
    } finally {
      for (const service of started) expect(await service.stop()).toEqual({ code: 0, signal: null });
    }
  }, 90_000);
});
