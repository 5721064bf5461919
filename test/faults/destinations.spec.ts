import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, it, jest } from '@jest/globals';
import { alertKey, deleteJob, marksJob, restoreJob, type NewRestore } from '#catalog';
import { randomSuffix, systemRandom, type CopyRecord, type RestoreRecord } from '#contracts';
import { createStore, type ObjectStore } from '#storage';
import { createBucket, removeBucket, services, uniqueDatabase, waitUntil } from '../services/services.js';
import { createBucket as createNamed } from '../services/s3-client.js';
import { expectNothingLeftOf } from '../support/nothing-left.js';
import { hazina } from '../support/run-hazina.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { WorkerWorld, type Environment } from '../support/worker-world.js';

jest.setTimeout(400_000);
const documents = 500;
const slow = { timeoutMs: 120_000, intervalMs: 100 };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A primary bucket and a bucket as destination, each behind a network of its own that can fail, and a directory as another destination. */
async function setUp() {
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
  const bucket = await createBucket();
  ends.push(() => removeBucket(bucket).catch(() => undefined));
  const vault = join(world.folder, 'vault');
  mkdirSync(vault);
  const file = join(world.folder, 'targets.yaml');
  const text = JSON.stringify({
    destinations: {
      offsite: { kind: 's3', bucket, prefix: 'copies/', endpoint: trimmed(offsiteLine) },
      vault: { kind: 'directory', directory: vault },
    },
    targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI', schedule: 'off' }],
  });
  // For the command line, which reads it, and for the worker of the test.
  writeFileSync(file, text);
  world.files.set(file, text);
  const settings: Environment = {
    ...{ BACKUP_TARGETS_FILE: file, S3_ENDPOINT: trimmed(primaryLine), S3_FORCE_PATH_STYLE: 'true' },
    ...{ BACKUP_REAPER_SECONDS: '1', BACKUP_LEASE_SECONDS: '6', BACKUP_BEAT_SECONDS: '1' },
    ...{ RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_URI: services().mongodbUri },
  };
  const worker = await world.worker(settings, { probeTimeoutMs: 4_000, retryMostMs: 1_000 });
  const stores = {
    primary: await storeOf(world.bucket, 'mongodb-backups/'),
    offsite: await storeOf(bucket, 'copies/'),
    vault: await createStore({ kind: 'directory', directory: vault }),
  };
  return { world, worker, settings, bucket, primaryLine, offsiteLine, stores };
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

type World = Awaited<ReturnType<typeof setUp>>;

async function backUp({ world }: World): Promise<string> {
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { ...slow, what: 'the backup' });
  return backupId;
}

function untilCopies({ world }: World, backupId: string, isSo: (copies: readonly CopyRecord[]) => boolean) {
  let seen: readonly CopyRecord[] = [];
  return waitUntil(
    async () => {
      seen = await world.catalog.copies.of([backupId]);
      return isSo(seen) ? seen : undefined;
    },
    { ...slow, what: `the copies of ${backupId}`, onTimeout: () => JSON.stringify(seen, undefined, 1) },
  );
}

const untilCopied = (at: World, backupId: string, ...names: string[]) =>
  untilCopies(at, backupId, (copies) =>
    names.every((name) =>
      copies.some(
        ({ destination, state, verifiedAt }) => destination === name && state === 'copied' && verifiedAt !== null,
      ),
    ),
  );

const raised = async ({ world }: World) => (await world.catalog.alerts.raised()).map(({ key }) => key);
const untilAlert = (at: World, key: string, is: boolean) =>
  waitUntil(async () => (await raised(at)).includes(key) === is || undefined, { ...slow, what: `${key}: ${is}` });

/** Every object of the backup has the same bytes in both stores. */
async function expectEqual(store: ObjectStore, primary: ObjectStore, backupId: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of primary.list(`clinic/${backupId}/`)) if (!key.endsWith('lease.json')) keys.push(key);
  expect(keys.length).toBeGreaterThanOrEqual(3);
  for (const key of keys) expect(await buffer(await store.get(key))).toEqual(await buffer(await primary.get(key)));
}

async function restore({ world }: World, backupId: string): Promise<{ record: RestoreRecord; database: string }> {
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
  const record = await waitUntil(
    async () => {
      const found = await world.catalog.restores.find(wish.restoreId);
      return found?.status === 'completed' || found?.status === 'failed' ? found : undefined;
    },
    { ...slow, what: 'the restore' },
  );
  return { record, database };
}

it('a lost destination stops nothing, is told, and gets every backup again when it is back, be it empty', async () => {
  const at = await setUp();
  const { world, offsiteLine, stores } = at;
  const first = await backUp(at);
  await untilCopied(at, first, 'offsite', 'vault');
  await expectEqual(stores.offsite, stores.primary, first);
  await expectEqual(stores.vault, stores.primary, first);

  offsiteLine.cut();
  const second = await backUp(at);
  await untilCopied(at, second, 'vault');
  await untilAlert(at, alertKey('replica-behind', 'offsite'), true);
  expect(await raised(at)).not.toContain(alertKey('replica-behind', 'vault'));
  const { record, database } = await restore(at, second);
  expect(record.status).toBe('completed');
  expect(await world.client.db(database).collection('patients').countDocuments()).toBe(documents);

  offsiteLine.mend();
  await untilCopied(at, second, 'offsite');
  await expectEqual(stores.offsite, stores.primary, second);
  await untilAlert(at, alertKey('replica-behind', 'offsite'), false);

  // The bucket is deleted as a whole. One that is made anew is no store of ours until somebody says so.
  await removeBucket(at.bucket);
  const third = await backUp(at);
  await untilCopied(at, third, 'vault');
  await untilAlert(at, alertKey('replica-behind', 'offsite'), true);
  await createNamed(services().s3, at.bucket);
  const refusal = await waitUntil(
    async () =>
      (await world.catalog.workers.all())
        .flatMap(({ destinations }) => destinations ?? [])
        .find(
          ({ name, ok, detail }) =>
            name === 'offsite' && ok === false && (detail ?? '').includes('is no store of Hazina'),
        ),
    { ...slow, what: 'the refusal of an empty bucket' },
  );
  expect(refusal.detail).toContain('Destination offsite');
  const accepted = await hazina(['destinations', 'accept', 'offsite'], world.environment(at.settings));
  expect(accepted).toMatchObject({ code: 0, stderr: expect.stringContaining('copy 2 backups') as unknown });
  for (const backupId of [first, second, third]) {
    await untilCopied(at, backupId, 'offsite');
    await expectEqual(stores.offsite, stores.primary, backupId);
  }
  await untilAlert(at, alertKey('replica-behind', 'offsite'), false);
});

it('a restore reads from the nearest destination that has the whole backup when the primary store is lost', async () => {
  const at = await setUp();
  const { world, primaryLine, stores } = at;
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  primaryLine.cut();
  const { record, database } = await restore(at, backupId);
  expect(record).toMatchObject({ status: 'completed', report: { outcome: 'restored' } });
  expect(record.report?.warnings.join('\n')).toMatch(/not read from primary \(.*, but from offsite/);
  expect(await world.client.db(database).collection('patients').countDocuments()).toBe(documents);

  // A damaged copy is found out before anything of the target is changed, and the next one is read.
  const key = `clinic/${backupId}/1/data.hzn`;
  const data = await buffer(await stores.offsite.get(key));
  data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1;
  await stores.offsite.putBytes(key, data);
  const other = await restore(at, backupId);
  expect(other.record).toMatchObject({ status: 'completed', report: { outcome: 'restored' } });
  expect(other.record.report?.warnings.join('\n')).toMatch(/not read from offsite \(.*, but from vault/);
  expect(await world.client.db(other.database).collection('patients').countDocuments()).toBe(documents);

  // The command line, with nothing but the configuration and the key.
  const environment: Environment = { ...world.environment(at.settings), TARGET: services().mongodbUri };
  delete environment['CATALOG_MONGODB_URI'];
  const copy = uniqueDatabase('restored');
  ends.push(() => world.client.db(copy).dropDatabase());
  const list = await hazina(['list', '--from', 'vault', '--json'], environment);
  expect(JSON.parse(list.stdout)).toMatchObject({ backups: [{ backupId }] });
  const bad = await hazina(['verify', backupId, '--from', 'offsite', '--level', 'stored'], environment);
  expect(bad.code).toBe(11);
  const good = await hazina(['verify', backupId, '--from', 'vault'], environment);
  expect(good.code).toBe(0);
  const restored = await hazina(
    ['restore', backupId, '--from', 'vault', '--to-env', 'TARGET', '--rename', `${world.source}=${copy}`],
    environment,
  );
  expect(restored.code).toBe(0);
  expect(await world.client.db(copy).collection('patients').countDocuments()).toBe(documents);
});

it('what is lost or damaged in a destination is copied anew, marks follow, and a deleted backup goes from there too', async () => {
  const at = await setUp();
  const { world, stores } = at;
  const kept = await backUp(at);
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  const folder = `clinic/${backupId}/`;

  const marked = await world.catalog.backups.setMarks(backupId, { label: 'before the upgrade' });
  if (marked === null) throw new Error('no record');
  await world.queue.add(marksJob(marked));
  await waitUntil(
    async () => {
      for (const store of [stores.offsite, stores.vault])
        if ((await store.head(`${folder}marks.json`)) === null) return undefined;
      return true;
    },
    { ...slow, what: 'marks in the destinations' },
  );

  await world.catalog.backups.beginDelete(backupId, 'ada', new Date());
  await world.queue.add(deleteJob(await world.record(backupId)));
  await world.until(backupId, ({ status }) => status === 'deleted', { ...slow, what: 'the deletion' });
  await untilCopies(at, backupId, (copies) => copies.every(({ state }) => state === 'removed'));
  for (const store of Object.values(stores)) {
    const left: string[] = [];
    for await (const { key } of store.list(folder)) left.push(key);
    expect(left).toEqual([]);
  }
  await untilCopied(at, kept, 'offsite', 'vault');
  await expectEqual(stores.vault, stores.primary, kept);
});
