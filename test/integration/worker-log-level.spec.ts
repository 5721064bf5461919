import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { WorkerWorld } from '../support/worker-world.js';

// What an admin wishes by the API, a worker follows, and goes back by itself.

jest.setTimeout(120_000);

let world: WorkerWorld;
beforeAll(async () => {
  world = await WorkerWorld.open();
});
afterAll(() => world.close());

it('a worker follows the log level that is wished, until its time is over', async () => {
  const { lines, end } = await world.worker({ LOG_LEVEL: 'info' });
  const changes = () => lines.filter(({ msg }) => msg === 'log level').map(({ before }) => before);
  const told = (count: number) =>
    waitUntil(() => changes().length === count, {
      what: `the level to change ${count} times`,
      timeoutMs: 40_000,
      onTimeout: () => JSON.stringify(changes()),
    });
  const until = new Date(Date.now() + 15_000);
  await world.catalog.settings.wishLogLevel({ level: 'debug', until, by: 'ann' });
  await told(1);
  await told(2);
  expect(changes()).toEqual(['info', 'debug']);
  expect(Date.now()).toBeGreaterThanOrEqual(until.getTime());
  expect(await world.catalog.settings.logLevel(new Date())).toBeNull();
  await end();
});
