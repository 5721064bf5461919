import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { WorkerConfig } from '#config';
import { AppError, Secret, systemClock, systemRandom, type BackupJson } from '#contracts';
import { ensureStoreIdentity, runBackup, runCleanup, runDelete, writeMarks } from '#pipeline';
import {
  checkStore,
  createStore,
  PlacedStore,
  type ObjectPlace,
  type ObjectStore,
  type S3StoreOptions,
} from '#storage';
import { examineStore } from '../../apps/worker/src/publishing/store-look.js';
import { removeBucket, services, uniqueBucket, waitUntil } from '../services/services.js';
import { withS3Client } from '../services/s3-client.js';
import { backupDeps, backupRequest, noAbort, putBackup, storeContents } from '../support/backup-world.js';
import { MemoryCatalog } from '../support/memory-catalog.js';
import { replaceCalls } from '../support/replace-calls.js';
import { startS3Proxy, type S3Proxy } from '../support/s3-proxy.js';

// Object lock and versions, on a real S3 server.

const prefix = 'backups/';
const dayMs = 86_400_000;
const lock = { mode: 'governance', days: 1 } as const;
const buckets: string[] = [];
const stores: ObjectStore[] = [];
const proxies: S3Proxy[] = [];

async function makeBucket(withLock: boolean, versioned = true): Promise<string> {
  const Bucket = uniqueBucket();
  buckets.push(Bucket);
  await withS3Client(services().s3, async (client) => {
    await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: withLock }));
    if (versioned && !withLock)
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  });
  return Bucket;
}

async function open(bucket: string, changes: Partial<S3StoreOptions> = {}): Promise<ObjectStore> {
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  const store = await createStore({
    ...{ kind: 's3', bucket, prefix, region, endpoint, forcePathStyle: true, sse: 'none', checksums: 'auto' },
    credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
    uploadConcurrency: 2,
    ...changes,
  });
  stores.push(store);
  return store;
}

afterAll(async () => {
  for (const store of stores) await store.close();
  for (const proxy of proxies) await proxy.close();
  for (const bucket of buckets) {
    await releaseAll(bucket);
    await removeBucket(bucket);
  }
});

/** Keys (below the prefix) of all versions and delete markers, but for the store's identity. */
function versions(bucket: string): Promise<string[]> {
  return withS3Client(services().s3, async (client) => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    return [...Versions, ...DeleteMarkers]
      .map(({ Key = '' }) => Key.slice(prefix.length))
      .filter((key) => key !== 'hazina.json')
      .sort();
  });
}

/** Retention that keeps nothing but the newest. */
function clean(store: ObjectStore, catalog?: MemoryCatalog) {
  const policy = {
    ...{ retentionDays: 1, keepLast: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 },
    ...{ withinBytes: 0, minKeep: 1, timezone: 'UTC' },
  };
  const { clock, observer } = backupDeps(store);
  return runCleanup(
    { store, clock, observer, ...(catalog === undefined ? {} : { catalog }) },
    {
      ...{ target: null, dryRun: false, confirm: 1, graceMs: 0, expectedStoreId: null },
      policyOf: () => ({ policy, intervalMs: null }),
    },
    noAbort,
  );
}

describe('a bucket with object lock', () => {
  it('holds data, manifest and commit mark; retention waits for the date, is told once, and then leaves no version', async () => {
    const bucket = await makeBucket(true);
    const store = await open(bucket, { objectLock: lock });
    const catalog = new MemoryCatalog();
    const old = await putBackup(store, new Date(Date.now() - 40 * dayMs));
    catalog.add(old);
    // A store tells its time in whole seconds, and what is dated after it counts for nothing.
    catalog.add(await putBackup(store, new Date(Date.now() - 60_000)));
    const folder = `clinic/${old.backupId}/`;
    for (const name of ['1/data.hzn', '1/manifest.hzn', 'backup.json'])
      expect((await store.head(`${folder}${name}`))?.lockedUntil?.getTime()).toBeGreaterThan(Date.now());

    // Marks are written again and again: none of their versions may be locked.
    for (const label of ['a', 'b'])
      await writeMarks({ store, clock: backupDeps(store).clock }, old.backupId, { version: 0, label }, noAbort);
    expect((await store.head(`${folder}marks.json`))?.lockedUntil).toBeUndefined();

    const first = await clean(store, catalog);
    expect(first.decisions).toContainEqual({
      ...{ backupId: old.backupId, decision: 'keep' },
      reasons: [expect.stringContaining('locked until')],
    });
    expect(first.removed).toBe(0);
    const until = catalog.records.get(old.backupId)?.lockedUntil;
    expect(until?.getTime()).toBeGreaterThan(Date.now());
    expect(catalog.refusals).toEqual([]);

    await endLocksSoon(bucket);
    await waitUntil(async () => (await clean(store, catalog)).removed === 1, { what: 'the lock to end' });
    expect(catalog.statusOf(old.backupId)).toBe('deleted');
    expect((await versions(bucket)).filter((key) => key.startsWith(folder))).toEqual([]);
  });

  it('of mode compliance holds until its end, whoever asks with whatever right, and leaves no version then', async () => {
    const bucket = await makeBucket(true);
    const store = await open(bucket, { objectLock: { mode: 'compliance', days: 6_000 / dayMs } });
    const old = await putBackup(store, new Date(Date.now() - 40 * dayMs));
    const key = `clinic/${old.backupId}/1/data.hzn`;
    const until = (await store.head(key))?.lockedUntil;
    expect(until?.getTime()).toBeGreaterThan(Date.now());
    const [refusal] = await withS3Client(services().s3, async (client) => {
      const { Versions = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix + key }),
      );
      const Objects = Versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
      expect(Objects).toHaveLength(1);
      const { Errors = [] } = await client.send(
        new DeleteObjectsCommand({ Bucket: bucket, BypassGovernanceRetention: true, Delete: { Objects } }),
      );
      return Errors;
    });
    expect(refusal?.Code).toBe('AccessDenied');
    const unlocked = await open(bucket);
    await putBackup(unlocked, new Date(Date.now() - 60_000));
    expect((await clean(unlocked)).removed).toBe(0);
    await waitUntil(async () => (await clean(unlocked)).removed === 1, { what: 'the lock to end', timeoutMs: 30_000 });
    expect((await versions(bucket)).filter((one) => one.startsWith(`clinic/${old.backupId}/`))).toEqual([]);
  }, 60_000);

  it('is that of the target where it says otherwise, in parts and at once', async () => {
    const bucket = await makeBucket(true);
    const places: Record<string, ObjectPlace> = {
      long: { objectLock: { mode: 'governance', days: 10 } },
      free: { objectLock: null },
      other: {},
    };
    const store = new PlacedStore(await open(bucket, { objectLock: lock }), (target) => places[target]);
    const days = async (target: string): Promise<number[]> => {
      await store.put(`${target}/large`, Readable.from([Buffer.from('x')], { objectMode: false }), { lock: true });
      await store.putBytes(`${target}/small`, Buffer.from('x'), { lock: true });
      await store.putBytes(`${target}/marks`, Buffer.from('x'));
      const found: number[] = [];
      for (const name of ['large', 'small', 'marks']) {
        const until = (await store.head(`${target}/${name}`))?.lockedUntil;
        found.push(until === undefined ? 0 : Math.round((until.getTime() - Date.now()) / dayMs));
      }
      return found;
    };
    expect(await days('long')).toEqual([10, 10, 0]);
    expect(await days('free')).toEqual([0, 0, 0]);
    for (const target of ['other', 'unknown']) expect(await days(target)).toEqual([1, 1, 0]);
  });

  it('takes a large object in parts, and one under Content-MD5 where checksums are off', async () => {
    const bucket = await makeBucket(true);
    const store = await open(bucket, { objectLock: lock, checksums: 'when-required', partSize: 5 * 1024 * 1024 });
    const chunks = Array.from({ length: 7 }, (_, at) => Buffer.alloc(1024 * 1024, at));
    await store.put('clinic/large', Readable.from(chunks, { objectMode: false }), { lock: true });
    await store.putBytes('clinic/small', Buffer.from('small'), { lock: true });
    for (const key of ['clinic/large', 'clinic/small'])
      await expect(store.delete(key)).rejects.toMatchObject({
        code: 'store/locked',
        details: { lockedUntil: expect.any(String) },
      });
    expect((await store.head('clinic/large'))?.bytes).toBe(7 * 1024 * 1024);
    await endLocksSoon(bucket);
    for (const key of ['clinic/large', 'clinic/small'])
      await waitUntil(() => store.delete(key).then(() => true), { what: 'the lock to end' });
    expect(await versions(bucket)).toEqual([]);
  });

  it('keeps what a failed run had written until the date: the next run goes on beside it, the sweeper comes later', async () => {
    const bucket = await makeBucket(true);
    const store = await open(bucket, { objectLock: lock });
    const failing = replaceCalls(store, {
      put: (key, body, options) =>
        key.endsWith('manifest.hzn') ? Promise.reject(new Error('no manifest')) : store.put(key, body, options),
    });
    const request = backupRequest();
    await expect(runBackup(backupDeps(failing), request, noAbort)).rejects.toMatchObject({
      message: expect.stringContaining('locked until'),
    });
    const left = `clinic/${request.backupId}/1/data.hzn`;
    expect(await storeContents(store)).toEqual([left]);
    expect((await clean(store)).reports).toContainEqual(expect.stringContaining('is an orphan, and goes later'));
    await endLocksSoon(bucket);
    await waitUntil(async () => (await clean(store)).orphansRemoved === 1, { what: 'the lock to end' });
    expect((await versions(bucket)).filter((key) => key.startsWith('clinic/'))).toEqual([]);
  });

  it('that locks everything by itself: leases and probes go out of sight, and are swept when they may', async () => {
    const bucket = await makeBucket(true);
    await withS3Client(services().s3, (client) =>
      client.send(
        new PutObjectLockConfigurationCommand({
          Bucket: bucket,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
          },
        }),
      ),
    );
    const store = await open(bucket);
    expect(await store.protection()).toEqual({
      ...{ versioning: 'on', objectLock: 'on', defaultLock: { mode: 'governance', days: 1 }, asked: null },
    });
    const { backupId } = await putBackup(store, new Date());
    expect((await storeContents(store)).filter((key) => /lease|probe/.test(key))).toEqual([]);
    expect((await clean(store)).reports).toContainEqual(expect.stringContaining('are locked until'));
    // Not every store tells of each object what the bucket locks: it stands as before, whoever finds out.
    await expect(
      runDelete(backupDeps(store), { backupId, force: true }, noAbort).then((result) =>
        result.outcome === 'refused'
          ? Promise.reject(new AppError({ code: 'store/locked', stage: 'delete', message: '' }))
          : result,
      ),
    ).rejects.toMatchObject({ code: 'store/locked' });
    expect(await storeContents(store)).toContain(`clinic/${backupId}/backup.json`);
  });
});

describe('a bucket that keeps versions', () => {
  it('a deleted backup leaves none, not even of what was written again', async () => {
    const bucket = await makeBucket(false);
    const store = await open(bucket);
    const backup: BackupJson = await putBackup(store, new Date());
    for (const label of ['a', 'b', 'c'])
      await writeMarks({ store, clock: backupDeps(store).clock }, backup.backupId, { version: 0, label }, noAbort);
    expect((await versions(bucket)).filter((key) => key.endsWith('marks.json'))).toHaveLength(3);
    await runDelete(backupDeps(store), { backupId: backup.backupId, force: true }, noAbort);
    expect((await versions(bucket)).filter((key) => key.startsWith('clinic/'))).toEqual([]);
  });

  it('what somebody else deleted is reported and left alone; what Hazina had deleted goes', async () => {
    const bucket = await makeBucket(false);
    const store = await open(bucket);
    const [theirs, ours] = [await putBackup(store, new Date()), await putBackup(store, new Date())];
    const catalog = new MemoryCatalog();
    // A store tells its time in whole seconds, and what is dated after it counts for nothing.
    catalog.add(await putBackup(store, new Date(Date.now() - 60_000)));
    catalog.add(theirs, { status: 'missing' });
    catalog.add(ours, { status: 'deleted' });
    for (const { backupId } of [theirs, ours])
      for (const name of ['backup.json', '1/manifest.hzn', '1/data.hzn'])
        await store.hide(`clinic/${backupId}/${name}`);
    const { reports } = await clean(store, catalog);
    expect(reports).toContainEqual(expect.stringContaining('Hidden versions of 3 objects'));
    expect(reports).toContainEqual(expect.stringContaining('without having been deleted by Hazina'));
    const left = await versions(bucket);
    expect(left.filter((key) => key.includes(ours.backupId))).toEqual([]);
    // Three versions, and their three delete markers.
    expect(left.filter((key) => key.includes(theirs.backupId))).toHaveLength(6);
  });
});

describe('a bucket that keeps versions only since the backup was written', () => {
  it.each(['a store that was opened since', 'the store that wrote it, and thinks that it keeps none'] as const)(
    'keeps nothing of what %s deletes',
    async (which) => {
      const bucket = await makeBucket(false, false);
      const writer = await open(bucket);
      const { backupId } = await putBackup(writer, new Date());
      await withS3Client(services().s3, (client) =>
        client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } })),
      );
      const store = which === 'a store that was opened since' ? await open(bucket) : writer;
      await store.delete(`clinic/${backupId}/backup.json`);
      expect((await versions(bucket)).filter((key) => key.endsWith('backup.json'))).toEqual([]);
      await runDelete(backupDeps(store), { backupId, force: true }, noAbort);
      expect((await versions(bucket)).filter((key) => key.startsWith('clinic/'))).toEqual([]);
    },
  );

  it('is cleared by plain deletions while they are all that is allowed', async () => {
    const bucket = await makeBucket(false, false);
    const proxy = await startS3Proxy(services().s3.endpoint);
    proxies.push(proxy);
    const { backupId } = await putBackup(await open(bucket), new Date());
    // No right to s3:DeleteObjectVersion, which a bucket without versions does not need.
    proxy.on(
      { kind: 'reply', status: 403, code: 'AccessDenied' },
      { operation: 'DeleteObject', when: ({ versionId }) => versionId !== undefined },
    );
    const store = await open(bucket, { endpoint: proxy.endpoint });
    await runDelete(backupDeps(store), { backupId, force: true }, noAbort);
    expect((await versions(bucket)).filter((key) => key.startsWith('clinic/'))).toEqual([]);
  });
});

describe('credentials that may not see versions', () => {
  const untold = { kind: 'reply', status: 403, code: 'AccessDenied' } as const;
  const told = (reports: readonly string[]) => reports.filter((text) => text.includes('s3:ListBucketVersions'));

  it.each([
    ['the store keeps them', true, ['ListObjectVersions'], 1],
    ['nobody may know whether it keeps them', false, ['ListObjectVersions', 'GetBucketVersioning'], 1],
    ['the store says that it keeps none', false, ['ListObjectVersions'], 0],
  ] as const)('when %s: a cleanup that has written nothing says so as often as it is worth', async (...given) => {
    const [, versioned, refused, times] = given;
    const bucket = await makeBucket(false, versioned);
    await putBackup(await open(bucket), new Date(Date.now() - 60_000));
    const proxy = await startS3Proxy(services().s3.endpoint);
    proxies.push(proxy);
    proxy.on(untold, { operation: refused });
    expect(told((await clean(await open(bucket, { endpoint: proxy.endpoint }))).reports)).toHaveLength(times);
  });
});

/** Lets what is locked be so for a second more. */
async function endLocksSoon(Bucket: string): Promise<void> {
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 1_000) } as const;
  await withS3Client(services().s3, async (client) => {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    for (const { Key, VersionId } of Versions)
      if (/(hzn|backup\.json|large|small)$/.test(Key ?? ''))
        await client.send(
          new PutObjectRetentionCommand({ Bucket, Key, VersionId, Retention, BypassGovernanceRetention: true }),
        );
  });
}

/** Removes what is locked all the same, so that the bucket can go. */
async function releaseAll(Bucket: string): Promise<void> {
  await withS3Client(services().s3, async (client) => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    await client.send(new DeleteObjectsCommand({ Bucket, BypassGovernanceRetention: true, Delete: { Objects } }));
  });
}

describe('a bucket without object lock', () => {
  it('is found out before a backup needs one', async () => {
    const store = await open(await makeBucket(false, false), { objectLock: lock });
    const { clock, random } = backupDeps(store);
    const findings = await checkStore(store, { clock, random, signal: noAbort });
    expect(findings.filter(({ ok }) => !ok)).toEqual([
      expect.objectContaining({ check: 'versions and locks', code: 'store/unsupported' }),
    ]);
  });

  it('is told by a worker with the targets that ask, and not of those that ask for none', async () => {
    const bucket = await makeBucket(false, false);
    const store = await open(bucket);
    const { storeId } = await ensureStoreIdentity(store, systemClock, systemRandom, noAbort);
    const target = (name: string, objectLock?: typeof lock | null) => ({
      ...{ name, placement: objectLock === undefined ? {} : { objectLock } },
    });
    const look = async (...targets: readonly object[]) => {
      const config = { store: { kind: 's3' }, targets } as unknown as WorkerConfig;
      const findings = await examineStore({ store, storeId, config, clock: systemClock }, noAbort);
      return findings.find(({ name }) => name === 'versions and locks');
    };
    expect(await look(target('clinic'), target('shop', null))).toMatchObject({ status: 'ok' });
    expect(await look(target('clinic'), target('shop', lock))).toMatchObject({
      ...{ status: 'error', code: 'store/unsupported', hint: expect.stringContaining('Make the bucket') },
      detail: expect.stringContaining('(objectLock of the target shop)'),
    });
  });
});
