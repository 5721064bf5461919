import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, services, waitUntil } from '../services/services.js';
import { ApiWorld, type ApiReply } from '../support/api-world.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

// Whatever is down: an answer within 3 s, and nothing half done.

// Each look at something that is down takes its time.
jest.setTimeout(60_000);

const limitMs = 3_000;

async function timed(call: Promise<ApiReply>): Promise<ApiReply> {
  const start = performance.now();
  const reply = await call;
  expect(performance.now() - start).toBeLessThan(limitMs);
  return reply;
}

const codeOf = (reply: ApiReply): string => String(reply.body['type']).replace('https://hazina.dev/problems/', '');

function expectUnavailable(reply: ApiReply, code: string | RegExp): void {
  expect(reply.status).toBe(503);
  expect(codeOf(reply)).toMatch(code);
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
}

describe('without Redis', () => {
  let redis: TestRedis;
  let world: ApiWorld;
  beforeAll(async () => {
    redis = await startRedisServer();
    world = await ApiWorld.start({ environment: { REDIS_URL: redis.url } });
  });
  afterAll(async () => {
    await world.close();
    await redis.close();
  });

  const triggerFails = async (): Promise<void> => {
    const before = await world.documents('backups');
    expectUnavailable(await timed(world.post('/api/admin/backups/trigger')), 'queue-unavailable');
    expect(await world.documents('backups')).toEqual(before);
  };

  it.each([
    ['stopped', () => redis.stop(), () => redis.start()],
    [
      'frozen',
      () => {
        redis.freeze();
        return Promise.resolve();
      },
      () => {
        redis.thaw();
        return Promise.resolve();
      },
    ],
  ])(
    '%s: trigger, verify and cleanup are 503 and leave nothing; reads go on; live green, ready red; and it comes back by itself',
    async (_how, takeAway, giveBack) => {
      expect((await world.get('/health/ready')).status).toBe(200);
      await takeAway();
      await triggerFails();
      expectUnavailable(await timed(world.post('/api/admin/backups/cleanup')), 'queue-unavailable');
      expect(await world.documents('tasks')).toEqual([]);
      expect((await timed(world.get('/api/admin/backups'))).status).toBe(200);
      expect((await timed(world.get('/api/admin/backups/stats'))).status).toBe(200);
      const system = await timed(world.get('/api/admin/system'));
      expect(system.body).toMatchObject({ queue: { state: 'unavailable', jobs: null } });
      expect((await timed(world.get('/health/live'))).status).toBe(200);
      // What it found is remembered for a second.
      const ready = await waitUntil(
        async () => {
          const reply = await timed(world.get('/health/ready'));
          return reply.status === 503 && reply;
        },
        { what: 'a red readiness' },
      );
      expect(ready.body).toMatchObject({
        status: 'error',
        error: { redis: { status: 'down' } },
        info: { mongodb: { status: 'up' } },
      });
      await giveBack();
      await waitUntil(async () => (await world.get('/health/ready')).status === 200, { what: 'readiness' });
      const accepted = await world.post('/api/admin/backups/trigger');
      expect(accepted.status).toBe(202);
      expect((await world.post(`/api/admin/backups/${String(accepted.body.backupId)}/cancel`)).status).toBe(202);
    },
  );

  it('a Redis that evicts is not ready', async () => {
    const evicting = await startRedisServer(['--maxmemory-policy', 'allkeys-lru']);
    const other = await ApiWorld.start({ environment: { REDIS_URL: evicting.url } });
    try {
      const ready = await other.get('/health/ready');
      expect({ status: ready.status, error: ready.body.error }).toMatchObject({
        status: 503,
        error: { redis: { status: 'down', message: expect.stringContaining('noeviction') as unknown } },
      });
    } finally {
      await other.close();
      await evicting.close();
    }
  });
});

describe('without MongoDB', () => {
  it('at the start: serves, and says what it lacks', async () => {
    const port = await freePort();
    const world = await ApiWorld.start({
      environment: { CATALOG_MONGODB_URI: `mongodb://u:sEcReT@127.0.0.1:${port}/x` },
      waitForCatalog: false,
    });
    try {
      expect((await timed(world.get('/health/live'))).status).toBe(200);
      const { status, headers } = await timed(world.get('/health/startup'));
      expect([status, headers.get('retry-after')]).toEqual([503, '5']);
      expect((await timed(world.get('/health/ready'))).body).toMatchObject({ error: { mongodb: { status: 'down' } } });
      expect((await timed(world.call('GET', '/docs-json'))).status).toBe(200);
      const paths = [
        'backups',
        'backups/stats',
        'targets',
        'schedules',
        'system',
        'backups/clinic-20261123T020000Z-k3f9q2',
      ] as const;
      for (const reply of await Promise.all(paths.map((path) => timed(world.get(`/api/admin/${path}`)))))
        expectUnavailable(reply, /^(catalog-unavailable|request-timeout)$/);
      expectUnavailable(
        await timed(world.post('/api/admin/backups/trigger')),
        /^(catalog-unavailable|request-timeout)$/,
      );
      expect(world.lines.join('')).toContain('catalog/unavailable');
      expect(world.lines.join('')).not.toContain('sEcReT');
    } finally {
      await world.close();
    }
  });

  it('that says nothing any more: 503 in time', async () => {
    const proxy: TcpProxy = await startTcpProxy(services().mongodbUri);
    const world = await ApiWorld.start({
      environment: { CATALOG_MONGODB_URI: `${proxy.uri.replace(/\/$/, '')}/outage_${Date.now()}` },
    });
    try {
      expect((await world.get('/api/admin/backups')).status).toBe(200);
      proxy.silence();
      const events = 'backups/clinic-20261123T020000Z-k3f9q2/events';
      const paths = ['backups', 'targets', 'system', 'events', events] as const;
      for (const reply of await Promise.all(paths.map((path) => timed(world.get(`/api/admin/${path}`)))))
        expectUnavailable(reply, /^(catalog-unavailable|request-timeout)$/);
      expectUnavailable(
        await timed(world.post('/api/admin/backups/trigger')),
        /^(catalog-unavailable|request-timeout)$/,
      );
      await waitUntil(async () => (await timed(world.get('/health/ready'))).status === 503, {
        what: 'a red readiness',
      });
      expect((await timed(world.get('/health/live'))).status).toBe(200);
    } finally {
      await proxy.close();
      await world.close();
    }
  });
});

it('a store that is away shows as degraded; the API is ready', async () => {
  const world = await ApiWorld.start({
    environment: {
      S3_BACKUP_BUCKET: 'no-such-bucket-of-ours',
      S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'y',
    },
  });
  try {
    const ready = await timed(world.get('/health/ready'));
    expect({ status: ready.status, body: ready.body }).toMatchObject({
      status: 200,
      body: { info: { storage: { status: 'up', state: 'degraded' } } },
    });
    expect((await timed(world.get('/api/admin/system'))).body).toMatchObject({ storage: { state: 'degraded' } });
  } finally {
    await world.close();
  }
});

it('a folder that is none shows as degraded', async () => {
  const world = await ApiWorld.start();
  try {
    mkdirSync(join(world.folder, 'store'));
    writeFileSync(join(world.folder, 'store', 'hazina.json'), '{}');
    expect((await world.get('/health/ready')).body).toMatchObject({ info: { storage: { state: 'degraded' } } });
    rmSync(join(world.folder, 'store'), { recursive: true });
  } finally {
    await world.close();
  }
});
