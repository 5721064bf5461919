import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { waitUntil } from '../services/services.js';

// Processes that die in the middle of their work. The first worker of each story is throttled, so that the middle lasts long enough to be met on a busy machine.

const slow = { BACKUP_THROTTLE_BYTES_PER_SECOND: '100000' };

describe('a worker that ends in the middle of a backup', () => {
  let world: ServiceWorld;
  let api: ServiceProcess;

  beforeEach(async () => {
    world = await ServiceWorld.create('bucket', { BACKUP_VERIFY: 'off' });
    await world.fill(3000);
    api = await world.startApi();
  }, 90_000);

  afterEach(async () => {
    await world.close();
  });

  /** Waits until bytes of a backup are on their way into the store. */
  const underWay = (backupId: string): Promise<unknown> =>
    waitUntil(
      async () => {
        const { status, progress } = await world.as('viewer', api).backup(backupId);
        return (
          status === 'in_progress' && ((progress as { archiveBytes?: number } | null)?.archiveBytes ?? 0) > 100_000
        );
      },
      { what: 'bytes on their way', timeoutMs: 30_000, intervalMs: 100 },
    );

  it('by a wish to cancel: within seconds, and nothing is left', async () => {
    const operator = world.as('operator', api);
    await world.startWorker(slow);
    const backupId = await operator.trigger();
    await underWay(backupId);
    const asked = await operator.post(`/api/admin/backups/${backupId}/cancel`);
    expect(asked.status).toBe(202);
    const done = await operator.settled(backupId, ['cancelled', 'completed', 'failed'], 15_000);
    expect(done.status).toBe('cancelled');
    await waitUntil(async () => (await world.inStore()).keys.every((key) => !key.includes(backupId)), {
      what: 'an empty folder',
    });
    expect((await world.inStore()).uploads).toEqual([]);
    expect((await operator.post(`/api/admin/backups/${backupId}/cancel`)).status).toBe(409);
  }, 120_000);
});

describe('a source that does not answer', () => {
  it('is tried again, then the record is failed with cause and next step', async () => {
    const world = await ServiceWorld.create('folder', { BACKUP_ATTEMPTS: '1' });
    try {
      const api = await world.startApi();
      await world.startWorker({
        MONGODB_URI: 'mongodb://user:canary-secret@127.0.0.1:1/clinic?serverSelectionTimeoutMS=500',
      });
      const operator = world.as('operator', api);
      const done = await operator.settled(await operator.trigger(), ['failed', 'completed'], 90_000);
      expect(done).toMatchObject({ status: 'failed', error: { code: 'source/unreachable' } });
      expect((done.error as { hint: string }).hint).toBeTruthy();
      expect(JSON.stringify(done)).not.toContain('canary-secret');
      const stats = await operator.get('/api/admin/backups/stats');
      expect(stats.body).toMatchObject({ failureRate: 1 });
    } finally {
      await world.close();
    }
  }, 150_000);
});
