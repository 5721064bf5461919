import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { waitUntil } from '../services/services.js';

// F13: four replicas of the API that start together, three workers, a slot every two seconds: one backup a slot, whatever the processes do at the same time (I7).

const ticks = 30;
const slotMs = 2000;

describe('F13 a schedule with four replicas and three workers', () => {
  let world: ServiceWorld;
  let apis: ServiceProcess[];
  let workers: ServiceProcess[];
  const tails = (): string => apis.map((api) => api.tail).join('\n');

  beforeAll(async () => {
    world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off' });
    await world.fill(50);
    workers = await Promise.all([1, 2, 3].map(() => world.startWorker()));
    apis = await Promise.all([1, 2, 3, 4].map(() => world.startApi({ BACKUP_SCHEDULE: '*/2 * * * * *' })));
  }, 120_000);

  afterAll(async () => {
    await world.close();
  });

  it(`F13 makes exactly one record of each of ${ticks} slots, and none between`, async () => {
    const slots = async (): Promise<number[]> =>
      (await world.records({ slot: { $type: 'date' } }))
        .map(({ slot }) => (slot as Date).getTime())
        .sort((a, b) => a - b);
    await waitUntil(async () => (await slots()).length >= ticks, {
      what: `${ticks} slots`,
      timeoutMs: 150_000,
      intervalMs: 500,
      onTimeout: tails,
    });
    const all = await slots();
    expect(new Set(all).size).toBe(all.length);
    const gaps = all.slice(1).map((slot, index) => slot - (all[index] ?? 0));
    const odd = gaps.filter((gap) => gap !== slotMs);
    expect({ odd, said: odd.length === 0 ? '' : tails() }).toEqual({ odd: [], said: '' });
  }, 180_000);

  it('F13 runs one backup at a time, and completes those that are not replaced by a newer slot', async () => {
    const completed = await waitUntil(
      async () => {
        const done = await world.records({ status: 'completed' });
        return done.length >= ticks / 3 ? done : undefined;
      },
      { what: 'backups of slots', timeoutMs: 60_000, intervalMs: 300 },
    );
    const runs = completed
      .map(({ startedAt, completedAt }) => [(startedAt as Date).getTime(), (completedAt as Date).getTime()] as const)
      .sort(([a], [b]) => a - b);
    const overlaps = runs.slice(1).filter(([start], index) => start < (runs[index]?.[1] ?? 0));
    expect(overlaps).toEqual([]);
    const failed = await world.records({ status: 'failed' });
    expect(failed.filter(({ error }) => (error as { code: string }).code !== 'superseded')).toEqual([]);
  }, 90_000);

  it('F13 leaves nothing', async () => {
    // Without a new slot there is an end to what runs.
    for (const api of apis) await api.memoryIsBack();
    for (const api of apis) expect(await api.stop()).toEqual({ code: 0, signal: null });
    await expectNothingLeft(world, workers);
  }, 180_000);
});

describe('two triggers at the same moment', () => {
  it('give one 202 and one 409 that names the running backup, at any replica', async () => {
    const world = await ServiceWorld.create('folder', {
      BACKUP_THROTTLE_BYTES_PER_SECOND: '100000',
      BACKUP_VERIFY: 'off',
    });
    try {
      await world.fill(500);
      const apis = await Promise.all([world.startApi(), world.startApi()]);
      const worker = await world.startWorker();
      const clients = apis.map((api) => world.as('operator', api));
      const replies = await Promise.all(clients.map((client) => client.post('/api/admin/backups/trigger')));
      expect(replies.map(({ status }) => status).sort()).toEqual([202, 409]);
      const accepted = replies.find(({ status }) => status === 202);
      const refused = replies.find(({ status }) => status === 409);
      expect(refused?.headers.get('content-type')).toContain('application/problem+json');
      expect(refused?.body).toMatchObject({ type: 'https://hazina.dev/problems/backup-already-running', status: 409 });
      expect(JSON.stringify(refused?.body)).toContain(String(accepted?.body.backupId));
      const [client] = clients;
      expect((await client?.settled(String(accepted?.body.backupId)))?.status).toBe('completed');
      await expectNothingLeft(world, [...apis, worker]);
    } finally {
      await world.close();
    }
  }, 180_000);
});
