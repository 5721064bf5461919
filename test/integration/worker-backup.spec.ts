import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '#contracts';
import { createNativeLoadEngine, type LoadRequest } from '#engine';
import { backupSource, proveBackup, runRestore, silentObserver } from '#pipeline';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import { compareDatabases } from '../support/compare-databases.js';
import { catalogUri } from '../support/catalog-world.js';
import { WorkerWorld } from '../support/worker-world.js';

jest.setTimeout(60_000);
const never = new AbortController().signal;
const documents = 400;
let world: WorkerWorld;

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(documents);
});
afterAll(() => world.close());

describe('a backup by the worker', () => {
  it('makes what the record asks for: every field, in the bucket, verified, and restorable to equal data', async () => {
    const { end, port, lines } = await world.worker({ BACKUP_VERIFY: 'readable' });
    const backupId = await world.trigger({ label: 'before the upgrade', correlationId: 'request-17' });
    const record = await world.until(backupId, ({ verificationStatus }) => verificationStatus.verified, {
      what: 'the verified backup',
    });

    expect(record).toMatchObject({
      ...{ status: 'completed', database: world.source, label: 'before the upgrade', failures: 0, running: false },
      s3Key: `mongodb-backups/clinic/${backupId}/1/data.hzn`,
      ...{ errorMessage: null, error: null, compression: 'zstd', engine: { name: 'native' }, nextAttemptAt: null },
      claim: { fence: 1 },
      commit: { attempt: 1 },
    });
    expect(record.metadata).toMatchObject({ totalDocuments: documents });
    expect(record.metadata?.collections).toEqual([
      { name: `${world.source}.patients`, documents, bytes: record.metadata?.totalSize },
    ]);
    expect(record.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(record.size).toBeGreaterThan(1000);
    expect(record.keyIds).toHaveLength(1);
    expect(record.storeId).toMatch(/^[0-9a-f]{32}$/);
    expect(record.retentionDate?.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
    expect(record.resources?.cpuSeconds).toBeGreaterThan(0);
    expect(record.resources?.peakRssBytes).toBeGreaterThan(1_000_000);
    expect(record.verificationStatus.verificationHash).toBe(record.hash);
    expect(record.verifications).toMatchObject([{ level: 'readable', status: 'completed', error: null }]);
    const types = record.events.map(({ type }) => type);
    expect(types.filter((type) => type !== 'stage')).toEqual([
      'created',
      'claimed',
      'committed',
      'completed',
      'verified',
    ]);

    expect(await world.stored()).toEqual(
      ['1/data.hzn', '1/manifest.hzn', 'backup.json'].map((name) => `clinic/${backupId}/${name}`),
    );
    expect(await restored(backupId)).toEqual({ differences: [], documents });

    const ofRun = lines.filter((line) => line['backupId'] === backupId && line['attempt'] === 1);
    expect(ofRun.every((line) => line['correlationId'] === 'request-17')).toBe(true);
    expect(ofRun.find(({ msg }) => msg === 'backup completed')).toMatchObject({
      sizeBytes: record.size,
      level: 'info',
    });
    expect(JSON.stringify(lines)).not.toContain(world.key);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('hazina_backups_total{target="clinic",trigger="manual",result="completed"} 1');
    expect(text).toMatch(/hazina_backup_last_success_timestamp_seconds\{target="clinic"\} \d/);
    expect(text).toMatch(/hazina_verifications_total\{target="clinic",level="readable",result="completed"\} 1/);
    await end();
  });

  it('runs once what two workers are given at the same time under two job ids', async () => {
    const workers = [await world.worker(), await world.worker()];
    const { backupId } = await world.insert();
    await Promise.all(
      [1, 2, 3, 4].map((n) => world.queue.add({ name: 'backup', payload: { backupId }, jobId: `${backupId}-x${n}` })),
    );
    const record = await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup' });
    await waitUntil(async () => (await world.queue.counts()).backup.active === 0, { what: 'the other jobs to end' });
    expect(record.events.filter(({ type }) => type === 'claimed')).toHaveLength(1);
    expect(record.claim.fence).toBe(1);
    expect((await world.stored()).filter((key) => key.includes(backupId))).toHaveLength(3);
    for (const { end } of workers) await end();
  });

  it('gives up and leaves nothing within 5 s when somebody cancels it', async () => {
    const { end, lines } = await world.worker({ BACKUP_THROTTLE_BYTES_PER_SECOND: '20000' });
    const backupId = await world.trigger();
    await world.until(backupId, ({ progress }) => progress?.stage === 'dump', { what: 'the dump' });
    const asked = performance.now();
    expect(await world.catalog.backups.requestCancel(backupId, 'a test', new Date())).toBe('requested');
    const record = await world.until(backupId, ({ status }) => status === 'cancelled', {
      what: 'the cancelled record',
    });
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(record).toMatchObject({ errorMessage: null, failures: 0, running: false });
    await waitUntil(() => lines.some(({ msg }) => msg === 'backup cancelled'), { what: 'the line in the log' });
    expect((await world.stored()).filter((key) => key.includes(backupId))).toEqual([]);
    await end();
  });

  it('shows how far it is while it runs', async () => {
    const { end } = await world.worker({ BACKUP_THROTTLE_BYTES_PER_SECOND: '60000' });
    const backupId = await world.trigger();
    const seen = await world.until(backupId, ({ progress }) => (progress?.archiveBytes ?? 0) > 0, { what: 'progress' });
    expect(seen).toMatchObject({
      status: 'in_progress',
      stage: 'dump',
      database: world.source,
      engine: { name: 'native' },
    });
    expect(seen.progress?.estimatedBytes).toBeGreaterThan(100_000);
    expect(seen.progress?.bytesPerSecond).toBeGreaterThan(0);
    const done = await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup' });
    expect(done.events.filter(({ type }) => type === 'stage').map(({ message }) => message)).toContain('dump');
    await end();
  });
});

async function restored(backupId: string): Promise<{ differences: readonly string[]; documents: number }> {
  const copy = uniqueDatabase('restored');
  try {
    await world.withStore(async (store) => {
      const deps = { store, ring: world.ring(), observer: silentObserver };
      const source = backupSource(deps, await proveBackup(deps, backupId, never));
      const request: LoadRequest = {
        ...{ uri: new Secret(services().mongodbUri), backupId, databases: [], include: [], exclude: [] },
        ...{ rename: [{ from: world.source, to: copy }], confirm: [], ignoreWrites: false, strict: false },
        mode: 'into-empty',
        onConflict: 'fail',
      };
      await runRestore({ engine: createNativeLoadEngine(), source, observer: silentObserver }, request, never);
    });
    const { differences, documents: count } = await compareDatabases(
      { uri: catalogUri(world.source), db: world.source },
      { uri: services().mongodbUri, db: copy },
    );
    return { differences, documents: count };
  } finally {
    await world.client.db(copy).dropDatabase();
  }
}
