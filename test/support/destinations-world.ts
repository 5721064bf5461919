import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { restoreJob, type NewRestore } from '#catalog';
import { randomSuffix, systemRandom, type CopyRecord, type RestoreRecord } from '#contracts';
import { createStore, type ObjectStore } from '#storage';
import { createBucket, removeBucket, services, uniqueDatabase, waitUntil } from '../services/services.js';
import type { Tuning } from '../../apps/worker/src/core/tuning.js';
import { expectNothingLeftOf } from './nothing-left.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { WorkerWorld, type Environment } from './worker-world.js';

export const documents = 500;
export const slow = { timeoutMs: 120_000, intervalMs: 100 };
const ends: (() => Promise<unknown>)[] = [];

/** Called when the test ends, the last one first. */
export function atEnd(end: () => Promise<unknown>): void {
  ends.push(end);
}

/** After each test. */
export async function tearDown(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

/** A primary bucket and a bucket as destination, each behind a network of its own that can fail, and a directory as another destination. */
export async function setUp(
  of: {
    readonly offsite?: { readonly bucket?: string; readonly [setting: string]: unknown };
    readonly vault?: object;
  } = {},
  more: Environment = {},
  tuning: Partial<Tuning> = {},
) {
  const world = await WorkerWorld.open();
  ends.push(() => world.close());
  ends.push(() => expectNothingLeftOf(world));
  await world.fill(documents);
  const { endpoint } = services().s3;
  const primaryLine = await startTcpProxy(endpoint);
  const offsiteLine = await startTcpProxy(endpoint);
  ends.push(
    () => primaryLine.close(),
    () => offsiteLine.close(),
  );
  const bucket = of.offsite?.bucket ?? (await createBucket());
  ends.push(() => removeBucket(bucket).catch(() => undefined));
  const vault = join(world.folder, 'vault');
  mkdirSync(vault);
  const file = join(world.folder, 'targets.yaml');
  const usual = {
    offsite: { kind: 's3', bucket, prefix: 'copies/', endpoint: trimmed(offsiteLine), ...of.offsite },
    vault: { kind: 'directory', directory: vault, ...of.vault },
  };
  const write = (destinations: object) => {
    const targets = [{ name: 'clinic', uriVariable: 'MONGODB_URI', schedule: 'off' }];
    const text = JSON.stringify({ destinations, targets });
    // For the command line, which reads it, and for the worker of the test.
    writeFileSync(file, text);
    world.files.set(file, text);
  };
  write(usual);
  const settings: Environment = {
    ...{ BACKUP_TARGETS_FILE: file, S3_ENDPOINT: trimmed(primaryLine), S3_FORCE_PATH_STYLE: 'true' },
    ...{ BACKUP_REAPER_SECONDS: '1', BACKUP_LEASE_SECONDS: '6', BACKUP_BEAT_SECONDS: '1' },
    ...{ RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_URI: services().mongodbUri },
    ...more,
  };
  const running = await world.worker(settings, { probeTimeoutMs: 4_000, retryMostMs: 1_000, ...tuning });
  const stores = {
    primary: await storeOf(world.bucket, 'mongodb-backups/'),
    offsite: await storeOf(bucket, 'copies/'),
    vault: await createStore({ kind: 'directory', directory: vault }),
  };
  /** As SIGHUP does: from now on these. */
  const reload = async (destinations: object): Promise<void> => {
    write(destinations);
    await running.worker.reload();
  };
  return { world, worker: running, settings, bucket, primaryLine, offsiteLine, stores, usual, reload };
}

function trimmed({ uri }: TcpProxy): string {
  return uri.replace(/\/$/, '');
}

/** Not by way of the lines that fail. */
async function storeOf(bucket: string, prefix: string): Promise<ObjectStore> {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  const { Secret } = await import('#contracts');
  const credentials = { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) };
  const store = await createStore({
    ...{ kind: 's3', bucket, prefix, region, endpoint, credentials, forcePathStyle: true },
    ...{ sse: 'none', checksums: 'auto', uploadConcurrency: 1 },
  });
  ends.push(() => store.close());
  return store;
}

export type World = Awaited<ReturnType<typeof setUp>>;

export async function backUp({ world }: World): Promise<string> {
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { ...slow, what: 'the backup' });
  return backupId;
}

export function untilCopies({ world }: World, backupId: string, isSo: (copies: readonly CopyRecord[]) => boolean) {
  let seen: readonly CopyRecord[] = [];
  return waitUntil(
    async () => {
      seen = await world.catalog.copies.of([backupId]);
      return isSo(seen) ? seen : undefined;
    },
    { ...slow, what: `the copies of ${backupId}`, onTimeout: () => JSON.stringify(seen, undefined, 1) },
  );
}

export const untilCopied = (at: World, backupId: string, ...names: string[]) =>
  untilCopies(at, backupId, (copies) =>
    names.every((name) =>
      copies.some(
        ({ destination, state, verifiedAt }) => destination === name && state === 'copied' && verifiedAt !== null,
      ),
    ),
  );

export const raised = async ({ world }: World) => (await world.catalog.alerts.raised()).map(({ key }) => key);
export const untilAlert = (at: World, key: string, is: boolean) =>
  waitUntil(async () => (await raised(at)).includes(key) === is || undefined, { ...slow, what: `${key}: ${is}` });

/** Every object of the backup has the same bytes in both stores. */
export async function expectEqual(store: ObjectStore, primary: ObjectStore, backupId: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of primary.list(`clinic/${backupId}/`)) if (!key.endsWith('lease.json')) keys.push(key);
  expect(keys.length).toBeGreaterThanOrEqual(3);
  for (const key of keys) expect(await buffer(await store.get(key))).toEqual(await buffer(await primary.get(key)));
}

export async function restore(
  { world }: World,
  backupId: string,
): Promise<{ record: RestoreRecord; database: string }> {
  const database = uniqueDatabase('restored');
  ends.push(() => world.client.db(database).dropDatabase());
  const wish: NewRestore = {
    restoreId: `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ backupId, targetName: 'staging', mode: 'into-empty', databases: [], include: [], exclude: [] },
    ...{ rename: [{ from: world.source, to: database }], onConflict: 'fail', ignoreWrites: false, dryRun: false },
    ...{ createdAt: new Date(), correlationId: 'c-restore', requestedBy: 'ada', role: 'admin' },
  };
  const inserted = await world.catalog.restores.insert(wish);
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  await world.queue.add(restoreJob(inserted.record));
  let seen: RestoreRecord | null = null;
  const record = await waitUntil(
    async () => {
      seen = await world.catalog.restores.find(wish.restoreId);
      return seen?.status === 'completed' || seen?.status === 'failed' ? seen : undefined;
    },
    { ...slow, what: 'the restore', onTimeout: () => JSON.stringify(seen, undefined, 1) },
  );
  return { record, database };
}
