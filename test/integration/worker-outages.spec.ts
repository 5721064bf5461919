import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { waitUntil } from '../services/services.js';
import { catalogUri, manualBackup, slotBackup } from '../support/catalog-world.js';
import { startRedisServer } from '../support/redis-server.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { WorkerWorld } from '../support/worker-world.js';

jest.setTimeout(90_000);
let world: WorkerWorld;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  world = await WorkerWorld.open();
  await world.fill(100);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await world.close();
});

describe('outages', () => {
  it('of Redis: waits for it at the start, works on after a restart, and finds by the records what it lost', async () => {
    const redis = await startRedisServer();
    ends.push(() => redis.close());
    await redis.stop();
    const worker = await world.startWorker({ REDIS_URL: redis.url, BACKUP_REAPER_SECONDS: '1' });
    const begun = worker.worker.begin();
    await waitUntil(() => worker.lines.some(({ msg, for: what }) => msg === 'waiting' && what === 'Redis'), {
      what: 'the wait',
    });
    const ready = () => fetch(`http://127.0.0.1:${worker.port}/health/ready`).then(({ status }) => status);
    expect(await ready()).toBe(503);
    await redis.start();
    await begun;
    expect(await ready()).toBe(200);

    // Its job is in no queue: only the record tells.
    const first = await world.insert();
    await world.until(first.backupId, ({ status }) => status === 'completed', { what: 'the first backup' });

    await redis.stop();
    await waitUntil(async () => (await ready()) === 503, { what: 'a red readiness' });
    expect((await fetch(`http://127.0.0.1:${worker.port}/health/live`)).status).toBe(200);
    const second = await world.insert();
    await redis.start();
    await world.until(second.backupId, ({ status }) => status === 'completed', {
      what: 'the second backup',
      timeoutMs: 40_000,
    });
    expect(await ready()).toBe(200);
    await worker.end();
  });

  it('of the catalogue: ends within the grace time all the same', async () => {
    const proxy = await startTcpProxy(catalogUri(world.catalogs.database));
    ends.push(() => proxy.close());
    const { end } = await world.worker({
      ...{ CATALOG_MONGODB_URI: proxy.uri, BACKUP_SHUTDOWN_GRACE_SECONDS: '5', BACKUP_REAPER_SECONDS: '1' },
    });
    proxy.silence();
    const began = performance.now();
    await end();
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('names an evicting Redis in its readiness', async () => {
    const redis = await startRedisServer(['--maxmemory-policy', 'allkeys-lru']);
    ends.push(() => redis.close());
    const { port, end } = await world.worker({ REDIS_URL: redis.url });
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
    expect(ready.status).toBe(503);
    expect(JSON.stringify(await ready.json())).toContain('noeviction');
    await end();
  });
});

describe('follow-ups', () => {
  it('gives the place of an ended backup to the slot that waits for it', async () => {
    const { end } = await world.worker({ BACKUP_THROTTLE_BYTES_PER_SECOND: '30000' });
    const first = await world.trigger();
    await world.until(first, ({ status }) => status === 'in_progress', { what: 'the first backup' });
    const waiting = slotBackup('clinic', new Date('2026-11-25T02:00:00.000Z'));
    expect((await world.catalog.backups.insert(waiting)).outcome).toBe('waiting');
    const record = await world.until(waiting.backupId, ({ status }) => status === 'completed', {
      what: 'the waiting slot',
    });
    expect(record.startedAt?.getTime()).toBeGreaterThanOrEqual(
      (await world.record(first)).completedAt?.getTime() ?? Infinity,
    );
    await end();
  });

  it('finishes a commit that its maker could not, and dumps nothing', async () => {
    const { end } = await world.worker();
    const good = await world.trigger();
    const { commit } = await world.until(good, ({ status }) => status === 'completed', { what: 'the backup' });
    // As a crash between commit (1) and (2) leaves it: the record knows the bytes, the store has no backup.json.
    const record = await world.record(good);
    const { backups } = { backups: world.catalogs.client.db(world.catalogs.database).collection('backups') };
    await backups.updateOne(
      { backupId: good },
      { $set: { status: 'pending', running: 'clinic', jobNumber: 2, hash: null, size: null, completedAt: null } },
    );
    await world.withStore((store) => store.delete(`clinic/${good}/backup.json`));
    await world.queue.add({ name: 'backup', payload: { backupId: good }, jobId: `${good}-2` });
    const finished = await world.until(good, ({ status }) => status === 'completed', { what: 'the finished commit' });
    expect(finished).toMatchObject({ hash: record.hash, size: record.size, commit, claim: { fence: 2 } });
    expect(finished.events.filter(({ type }) => type === 'committed')).toHaveLength(1);
    expect(await world.stored()).toContain(`clinic/${good}/backup.json`);
    await end();
  });

  it('never dumps a record of the command line', async () => {
    const { end } = await world.worker();
    const made = manualBackup('clinic', { trigger: 'cli' });
    await world.catalog.backups.insert(made);
    await world.queue.add({ name: 'backup', payload: { backupId: made.backupId }, jobId: `${made.backupId}-1` });
    await waitUntil(async () => (await world.queue.counts()).backup.completed === 1, {
      what: 'the quiet end of the job',
    });
    expect(await world.record(made.backupId)).toMatchObject({ status: 'pending', claim: { fence: 0 } });
    await end();
  });
});
