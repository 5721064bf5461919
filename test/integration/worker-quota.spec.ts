import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { WorkerWorld } from '../support/worker-world.js';

// A quota that is to be kept, on real services.

let world: WorkerWorld;
beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(500);
}, 60_000);
afterAll(() => world.close(), 60_000);

it('refuses however often it has refused before, and goes on as soon as there is room', async () => {
  const ended = async () => {
    const backupId = await world.trigger();
    return world.until(backupId, ({ status }) => status === 'completed' || status === 'failed', { what: 'its end' });
  };
  const warned = await world.worker();
  const first = await ended();
  await warned.end();
  const bytes = first.size ?? Number.NaN;
  const { worker: refusing } = await world.worker({
    ...{ BACKUP_QUOTA_BYTES: String(Math.ceil(bytes * 1.5)), BACKUP_QUOTA_POLICY: 'refuse' },
  });
  for (let refused = 1; refused <= 6; refused += 1)
    expect(await ended()).toMatchObject({ status: 'failed', error: { code: 'store/quota-reached' } });
  await world.catalog.backups.beginDelete(first.backupId, 'test', new Date());
  await world.catalog.backups.deleted(first.backupId, new Date());
  expect(await ended()).toMatchObject({ status: 'completed' });
  await refusing.end();
}, 120_000);
