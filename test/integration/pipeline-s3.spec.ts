/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectLegalHoldCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { finishCommit, readMarks, runBackup, runCleanup, runDelete, writeMarks } from '#pipeline';
import { createStore, type ObjectStore } from '#storage';
import { createBucket, removeBucket, services, uniqueBucket } from '../services/services.js';
import { withS3Client } from '../services/s3-client.js';
import { backupDeps, backupRequest, noAbort, putBackup, storeContents } from '../support/backup-world.js';
import { MemoryRecord } from '../support/memory-record.js';
import { replaceCalls } from '../support/replace-calls.js';

// What the pipeline asks of a bucket, on a real S3 server: open uploads, conditional writes, locks.

const prefix = 'backups/';
const hourMs = 3_600_000;
const buckets: string[] = [];

async function open(bucket: string): Promise<ObjectStore> {
  buckets.push(bucket);
  const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
  return createStore({
    kind: 's3',
    bucket,
    prefix,
    region,
    endpoint,
    forcePathStyle: true,
    sse: 'none',
    checksums: 'auto',
    credentials: { accessKeyId: new Secret(accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
    uploadConcurrency: 2,
  });
}

let bucket: string;
let store: ObjectStore;
beforeAll(async () => {
  bucket = await createBucket();
  store = await open(bucket);
});
afterAll(async () => {
  await store.close();
  for (const name of buckets) await removeBucket(name);
});

/** Begins a multipart upload and leaves it open, as a killed process does. */
async function leaveUpload(key: string): Promise<void> {
  const at = { Bucket: bucket, Key: `${prefix}${key}` };
  await withS3Client(services().s3, async (client) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
    await client.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.alloc(1000) }));
  });
}

const below = async (folder: string) =>
  (await storeContents(store)).filter((key) => key.startsWith(folder) || key.startsWith(`upload of ${folder}`));

describe('a backup in a bucket', () => {
  it('aborts the open upload of a killed attempt and stands alone in its folder', async () => {
    const record = new MemoryRecord();
    record.claim();
    const { journal, attempt } = record.claim();
    const request = backupRequest({ attempt });
    const folder = `clinic/${request.backupId}`;
    await leaveUpload(`${folder}/1/data.hzn`);
    await leaveUpload(`${folder}/4/data.hzn`);
    expect(await below(folder)).toHaveLength(2);
    const { backup } = await runBackup({ ...backupDeps(store), journal }, request, noAbort);
    expect(backup.attempt).toBe(5);
    expect(await below(folder)).toEqual([`${folder}/5/data.hzn`, `${folder}/5/manifest.hzn`, `${folder}/backup.json`]);

    // Whoever repeats the commit meets the condition (412), reads the same bytes back, and is content.
    const again = record.claim();
    const bytes = Buffer.from(record.commit?.bytes ?? '');
    const finishing = { ...backupDeps(store), journal: again.journal };
    const finished = await finishCommit(finishing, { backupId: request.backupId, attempt: 5, bytes }, noAbort);
    expect(finished.backup).toEqual(backup);
    await store.putBytes(`${folder}/backup.json`, Buffer.from('{}'));
    await expect(
      finishCommit(finishing, { backupId: request.backupId, attempt: 5, bytes }, noAbort),
    ).rejects.toMatchObject({ code: 'commit/conflict' });
    expect((await store.getBytes(`${folder}/backup.json`, 100)).bytes.toString()).toBe('{}');
  });

  it('that was committed by another in the last moment is not written over', async () => {
    const request = backupRequest();
    const folder = `clinic/${request.backupId}`;
    const racing = replaceCalls(store, {
      putBytes: async (key, bytes, options) => {
        if (key === `${folder}/backup.json`) await store.putBytes(key, Buffer.from('theirs'));
        return store.putBytes(key, bytes, options);
      },
    });
    await expect(runBackup(backupDeps(racing), request, noAbort)).rejects.toMatchObject({ code: 'commit/conflict' });
    expect((await store.getBytes(`${folder}/backup.json`, 100)).bytes.toString()).toBe('theirs');
  });

  it('keeps its marks through a race of two writers', async () => {
    const { backupId } = await putBackup(store, new Date());
    const deps = backupDeps(store);
    await Promise.all([
      writeMarks(deps, backupId, { version: 1, pinned: true }, noAbort),
      writeMarks(deps, backupId, { version: 1, label: 'x' }, noAbort),
    ]);
    expect(await readMarks(store, backupId, noAbort)).toMatchObject({ pinned: true, label: 'x' });
  });
});

describe('a sweep of a bucket', () => {
  it('aborts an orphan upload after its grace, remembered in the bucket itself', async () => {
    const orphan = 'sweep/sweep-20261101T020000Z-aaaaaa/1/data.hzn';
    await leaveUpload(orphan);
    let now = new Date();
    // The bucket's own Date would hold the time back.
    const timeless = replaceCalls(store, { serverTime: () => Promise.resolve(null) });
    const sweep = () =>
      runCleanup(
        { store: timeless, clock: { now: () => now, monotonicMs: () => 0 }, observer: backupDeps(store).observer },
        {
          target: 'sweep',
          dryRun: false,
          confirm: null,
          graceMs: hourMs,
          expectedStoreId: null,
          policyOf: () => null,
        },
        noAbort,
      );
    expect((await sweep()).orphansRemoved).toBe(0);
    expect(await storeContents(store)).toContain('_hazina/sightings.json');
    now = new Date(now.getTime() + hourMs);
    expect((await sweep()).orphansRemoved).toBe(1);
    expect(await below('sweep/')).toEqual([]);
    expect(await storeContents(store)).not.toContain('_hazina/sightings.json');
  });
});

describe('a bucket with object lock', () => {
  it('F28 keeps what is on legal hold: the deletion is refused by name, and nothing is removed', async () => {
    const locked = uniqueBucket();
    await withS3Client(services().s3, (client) =>
      client.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true })),
    );
    const lockedStore = await open(locked);
    const { backupId, objects } = await putBackup(lockedStore, new Date());
    const key = `${prefix}clinic/${backupId}/${objects.data.key}`;
    const hold = (Status: 'ON' | 'OFF') =>
      withS3Client(services().s3, (client) =>
        client.send(new PutObjectLegalHoldCommand({ Bucket: locked, Key: key, LegalHold: { Status } })),
      );
    const before = await storeContents(lockedStore);
    await hold('ON');
    const remove = () => runDelete(backupDeps(lockedStore), { backupId, force: true }, noAbort);
    try {
      expect(await remove()).toMatchObject({ outcome: 'refused', reason: 'locked' });
      expect(await storeContents(lockedStore)).toEqual(before);
    } finally {
      await hold('OFF');
    }
    expect(await remove()).toMatchObject({ outcome: 'deleted' });
    await lockedStore.close();
  });
});
