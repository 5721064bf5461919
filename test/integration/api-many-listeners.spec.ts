import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Catalog } from '#catalog';
import { mostOfOne } from '../../apps/api/src/events/event-hub.js';
import { waitUntil } from '../services/services.js';
import { seedPending } from '../support/api-records.js';
import { ApiWorld } from '../support/api-world.js';
import { replaceCalls } from '../support/replace-calls.js';

// Many listeners on one process. They are in this process as well, so their memory is counted with it.

jest.setTimeout(120_000);

const listeners = 500;
const rounds = 25;
let looks = 0;
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({
    parts: ({ catalog }) => ({
      catalog: { ...catalog, changes: replaceCalls(catalog.changes, counted(catalog.changes)) },
    }),
  });
});
afterAll(() => world.close());

function counted(changes: Catalog['changes']): Partial<Catalog['changes']> {
  return {
    since: (time, page) => {
      looks += 1;
      return changes.since(time, page);
    },
  };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

it(`${listeners} listeners get every state by one look at the catalogue, without growth of memory`, async () => {
  const backupId = await seedPending(world.core, 'crowd', new Date());
  const record = await world.core.catalog.backups.claim(backupId, 'test/1/a', new Date());
  const ref = { id: backupId, fence: record?.claim.fence ?? 0 };
  const newest = Array<number>(listeners).fill(0);
  const counts = Array<number>(listeners).fill(0);
  const responses: IncomingMessage[] = [];
  for (let index = 0; index < listeners; index += 1) {
    const path = index % 2 === 0 ? 'events' : `backups/${backupId}/events`;
    const headers = { authorization: `Bearer ${world.token('viewer')}` };
    const [response] = (await once(get(`${world.url}/api/admin/${path}`, { headers }), 'response')) as [
      IncomingMessage,
    ];
    expect(response.statusCode).toBe(200);
    response.on('data', (chunk: Buffer) => {
      for (const [, bytes] of chunk.toString().matchAll(/"archiveBytes":(\d+)/g)) {
        newest[index] = Number(bytes);
        counts[index] = (counts[index] ?? 0) + 1;
      }
    });
    responses.push(response);
  }

  const move = (archiveBytes: number): Promise<boolean> =>
    world.core.catalog.backups.progress(ref, {
      ...{ stage: 'dump', archiveBytes, storedBytes: 1, documents: 1, estimatedBytes: null },
      ...{ bytesPerSecond: 1, updatedAt: new Date() },
    });
  const reached = (bytes: number): Promise<unknown> =>
    waitUntil(() => newest.every((seen) => seen === bytes), { what: `${bytes} at every listener`, timeoutMs: 30_000 });
  await move(1);
  await reached(1);

  const before = { heap: heapUsed(), looks, at: performance.now() };
  for (let step = 2; step <= rounds; step += 1) {
    await move(step);
    await reached(step);
  }
  const seconds = (performance.now() - before.at) / 1000;
  const grown = heapUsed() - before.heap;
  // Twice a second for all of them, whatever their number.
  expect(looks - before.looks).toBeLessThanOrEqual(Math.ceil(seconds * 2) + 2);
  expect(grown).toBeLessThan(20_000_000);
  // Each state once; those of one backup saw it at the beginning, before there was one.
  expect([Math.min(...counts), Math.max(...counts)]).toEqual([rounds, rounds]);

  for (const response of responses) response.destroy();
  await waitUntil(async () => (await connections()) < 10, { what: 'the listeners to be gone' });
});

it(`one subject has at most ${mostOfOne} of the places, and others still get one`, async () => {
  const listen = async (sub: string): Promise<IncomingMessage> => {
    const headers = { authorization: `Bearer ${world.token('viewer', { sub })}` };
    const [response] = (await once(get(`${world.url}/api/admin/events`, { headers }), 'response')) as [IncomingMessage];
    return response;
  };
  const responses: IncomingMessage[] = [];
  for (let index = 0; index < mostOfOne; index += 1) responses.push(await listen('greedy'));
  expect(responses.filter(({ statusCode }) => statusCode !== 200)).toEqual([]);
  const refused = await listen('greedy');
  const text = await buffer(refused);
  expect([refused.statusCode, JSON.parse(text.toString())]).toMatchObject([
    503,
    { detail: expect.stringContaining(`${mostOfOne} listeners of this subject are connected`) },
  ]);
  const other = await listen('modest');
  expect(other.statusCode).toBe(200);
  for (const response of [...responses, other]) response.destroy();
  await waitUntil(async () => (await connections()) < 10, { what: 'the listeners to be gone' });
});

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    world.app.getHttpServer().getConnections((error: Error | null, count: number) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
