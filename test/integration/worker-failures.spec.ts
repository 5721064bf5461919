import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { alertKey } from '#catalog';
import { waitUntil } from '../services/services.js';
import { catalogUri } from '../support/catalog-world.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { WorkerWorld } from '../support/worker-world.js';

jest.setTimeout(60_000);
let world: WorkerWorld;
type Part = { end(): Promise<void> } | { close(): Promise<void> };
const started: Part[] = [];

beforeEach(async () => {
  world = await WorkerWorld.open();
  await world.fill(300);
});
afterEach(async () => {
  for (const part of started.splice(0).reverse()) await ('close' in part ? part.close() : part.end());
  await world.close();
});

describe('a backup that cannot be made', () => {
  it('is tried again with a pause, then failed and told, and recovers with the next good one', async () => {
    const nobody = new URL(catalogUri(world.source));
    nobody.port = '1';
    nobody.search = '?serverSelectionTimeoutMS=300';
    // Before the worker: its first look, between the record and its job, would give it another one.
    const backupId = await world.trigger();
    const broken = keep(await world.worker({ MONGODB_URI: nobody.href, BACKUP_ATTEMPTS: '2' }));
    const record = await world.until(backupId, ({ status }) => status === 'failed', { what: 'the failed record' });
    expect(record).toMatchObject({
      ...{ failures: 1, running: false, jobNumber: 2, claim: { fence: 2, lost: 0 } },
      error: { code: 'source/unreachable', retryable: true },
    });
    expect(record.error?.hint).not.toBeNull();
    expect(record.events.map(({ type }) => type).filter((type) => type !== 'stage')).toEqual([
      ...['created', 'claimed', 'retry', 'claimed', 'failed'],
    ]);
    const isRaised = async () =>
      (await world.catalog.alerts.raised()).some(({ key }) => key === alertKey('backup-failed', 'clinic'));
    await waitUntil(isRaised, { what: 'the alert' });
    await waitUntil(() => broken.lines.some(({ msg }) => msg === 'alert'), { what: 'the alert in the log' });
    expect(broken.lines.filter(({ msg }) => msg === 'backup will be tried again')).toHaveLength(1);
    expect(broken.lines.filter(({ msg }) => msg === 'backup failed')).toMatchObject([
      { code: 'source/unreachable', backupId },
    ]);
    const text = await (await fetch(`http://127.0.0.1:${broken.port}/metrics`)).text();
    expect(text).toContain('hazina_backups_total{target="clinic",trigger="manual",result="failed"} 1');
    expect(text).toContain('hazina_backup_last_status{target="clinic"} 0');
    await broken.end();

    const mended = keep(await world.worker());
    const good = await world.trigger();
    await world.until(good, ({ status }) => status === 'completed', { what: 'the good one' });
    await waitUntil(async () => !(await isRaised()), { what: 'the end of the alert' });
    await waitUntil(() => mended.lines.some(({ msg, alert }) => msg === 'alert' || alert !== undefined), {
      what: 'the recovery in the log',
    });
  });

  it('is failed at once when a repetition would not mend it', async () => {
    const wrong = catalogUri(`${world.source}_no`);
    keep(await world.worker({ MONGODB_URI: wrong }));
    const backupId = await world.trigger();
    const record = await world.until(backupId, ({ status }) => status === 'failed', { what: 'the failed record' });
    expect(record).toMatchObject({
      failures: 0,
      claim: { fence: 1 },
      error: { code: 'source/unknown-database', retryable: false },
    });
    await waitUntil(async () => (await world.queue.counts()).backup.failed === 1, { what: 'the failed job' });
    expect(await world.stored()).toEqual([]);
  });

  it('waits out a source that breaks in the middle, and leaves nothing of the first try', async () => {
    const proxy = keep(await startTcpProxy(catalogUri(world.source)));
    proxy.after(150_000, 'reset');
    keep(
      await world.worker({
        MONGODB_URI: `${proxy.uri}?serverSelectionTimeoutMS=2000`,
        BACKUP_THROTTLE_BYTES_PER_SECOND: '200000',
      }),
    );
    const backupId = await world.trigger();
    const broken = await world.until(backupId, ({ events }) => events.some(({ type }) => type === 'retry'), {
      what: 'the first failure',
    });
    expect(broken.error?.stage).toBeDefined();
    proxy.mend();
    const record = await world.until(backupId, ({ status }) => status === 'completed', { what: 'the second try' });
    expect(record.claim.fence).toBeGreaterThan(1);
    expect(await world.stored()).toEqual(
      [`${record.claim.fence}/data.hzn`, `${record.claim.fence}/manifest.hzn`, 'backup.json'].map(
        (name) => `clinic/${backupId}/${name}`,
      ),
    );
  });
});

describe('a directory as the store', () => {
  it('takes backups while there is room, and none that would touch the reserve', async () => {
    const directory = { S3_BACKUP_BUCKET: '', S3_ENDPOINT: '', BACKUP_DIRECTORY: world.folder };
    const roomy = keep(await world.worker(directory));
    const good = await world.trigger();
    const record = await world.until(good, ({ status }) => status === 'completed', { what: 'the backup' });
    expect(record.s3Key).toBe(`clinic/${good}/1/data.hzn`);
    await roomy.end();

    const full = { BACKUP_DIRECTORY_RESERVE_BYTES: '100000000000000', BACKUP_ATTEMPTS: '1' };
    const { port } = keep(await world.worker({ ...directory, ...full }));
    const refused = await world.until(await world.trigger(), ({ status }) => status === 'failed', {
      what: 'the refusal',
    });
    expect(refused.error?.code).toBe('store/reserve-reached');
    await waitUntil(
      async () =>
        JSON.stringify(await (await fetch(`http://127.0.0.1:${port}/health/ready`)).json()).includes('degraded'),
      { what: 'the degraded store' },
    );
  });
});

function keep<T extends Part>(part: T): T {
  started.push(part);
  return part;
}
