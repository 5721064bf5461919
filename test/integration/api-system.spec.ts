import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Finding, WorkerReport } from '#contracts';
import { ApiWorld } from '../support/api-world.js';
import { startRedisServer, type TestRedis } from '../support/redis-server.js';
import { waitUntil } from '../services/services.js';

// GET system: what is running, and what is not as it should be, with what to do.

let world: ApiWorld;
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer(['--maxmemory-policy', 'allkeys-lru']);
  world = await ApiWorld.start({ environment: { REDIS_URL: redis.url } });
}, 90_000);
afterAll(async () => {
  await world.close();
  await redis.close();
});

interface System {
  readonly findings: (Finding & { reportedBy: string[] })[];
  readonly [field: string]: unknown;
}
async function system(): Promise<System> {
  const reply = await world.get('/api/admin/system', { token: world.token('viewer') });
  expect(reply.status).toBe(200);
  return reply.body as unknown as System;
}
const finding = ({ findings }: System, name: string) => findings.find((one) => one.name === name);

function report(workerId: string, more: Partial<WorkerReport> = {}): Omit<WorkerReport, 'beatAt'> {
  return {
    ...{ workerId, version: 'test', startedAt: new Date(), beatSeconds: 60, host: 'h', nodeVersion: 'v24' },
    ...{
      tools: {},
      keyIds: ['aaaaaaaaaaaaaaaa'],
      storeId: null,
      storeLocation: 's',
      storeFreeBytes: null,
      storeOk: true,
    },
    ...{ storeDetail: null, targets: [], restoreTargets: [] },
    ...more,
  };
}

it('without a worker, on a Redis that may throw jobs away: both are errors, with what to do', async () => {
  // The first looks may be late on a busy machine: they are made again.
  const found = await waitUntil(
    async () => {
      const now = await system();
      return finding(now, 'redis eviction') !== undefined && finding(now, 'catalogue indexes') !== undefined
        ? now
        : undefined;
    },
    { what: 'the looks of the API', timeoutMs: 60_000 },
  );
  expect(finding(found, 'workers')).toMatchObject({ status: 'error', code: 'worker-lost', reportedBy: ['api'] });
  expect(finding(found, 'redis eviction')).toMatchObject({
    ...{ status: 'error', code: 'queue/evicts', hint: 'Set maxmemory-policy to noeviction', reportedBy: ['api'] },
  });
  expect(found).toMatchObject({
    queue: { state: 'evicts', policy: 'allkeys-lru', serverVersion: expect.stringMatching(/^\d/) },
    catalogue: { state: 'ok', serverVersion: expect.any(String), missingIndexes: [], clockSkewMs: expect.any(Number) },
    ...{ keys: [], keyProof: null, workers: [] },
  });
  expect(finding(found, 'catalogue indexes')).toMatchObject({ status: 'ok' });
  expect(found.findings.map(({ status }) => status)).toEqual(
    [...found.findings.map(({ status }) => status)].sort((a, b) => rank(a) - rank(b)),
  );
}, 90_000);

it('tells what workers publish: keys with their state, the newest proof, abilities, findings', async () => {
  const at = new Date();
  const rights: Finding = {
    name: 'rights clinic',
    status: 'error',
    detail: 'd',
    hint: 'grant',
    code: 'source/refused',
  };
  const abilities = { conditionalCreate: true, conditionalReplace: false, presign: true };
  const proof = { at, backups: 3, opened: 2, closed: ['clinic-20261123T020000Z-k3f9q2'], damaged: [] };
  await world.core.catalog.workers.publish(
    report('w1', {
      keyIds: ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'],
      look: {
        ...{ at, findings: [rights], storeAbilities: abilities, keyProof: proof },
        keys: [
          { keyId: 'aaaaaaaaaaaaaaaa', state: 'active' },
          { keyId: 'bbbbbbbbbbbbbbbb', state: 'retired' },
        ],
      },
    }),
  );
  await world.core.catalog.workers.publish(report('w2'));
  const found = await system();
  expect(found).toMatchObject({
    keyIds: ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'],
    keys: [
      { keyId: 'aaaaaaaaaaaaaaaa', state: 'active' },
      { keyId: 'bbbbbbbbbbbbbbbb', state: 'retired' },
    ],
    keyProof: { ...proof, workerId: 'w1', at: at.toISOString() },
    workers: [
      { workerId: 'w1', storeAbilities: abilities, lookedAt: at.toISOString() },
      { workerId: 'w2', storeAbilities: null, lookedAt: null },
    ],
  });
  expect(finding(found, 'rights clinic')).toEqual({ ...rights, reportedBy: ['w1'] });
  expect(finding(found, 'workers')).toMatchObject({ status: 'ok', detail: expect.stringMatching(/^2 alive/) });
});

it('Redis down: the reply is there in time, and says so', async () => {
  await redis.stop();
  const found = await waitUntil(
    async () => {
      const before = performance.now();
      const now = await system();
      expect(performance.now() - before).toBeLessThan(10_000);
      return finding(now, 'redis')?.status === 'error' ? now : undefined;
    },
    { what: 'the finding on Redis', timeoutMs: 60_000 },
  );
  expect(finding(found, 'redis')).toMatchObject({ code: 'queue/unavailable', hint: expect.any(String) });
  expect(found).toMatchObject({ queue: { state: 'unavailable', policy: null } });
}, 90_000);

function rank(status: string): number {
  return ['error', 'warning', 'ok', 'skipped'].indexOf(status);
}
