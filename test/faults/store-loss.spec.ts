import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupJson } from '#contracts';
import { listBackups, runCleanup, runDelete, runVerify, silentObserver, type CleanupRequest } from '#pipeline';
import type { ObjectStore } from '#storage';
import { removeBucket, services, uniqueBucket, waitUntil } from '../services/services.js';
import { withS3Client } from '../services/s3-client.js';
import { backupDeps, noAbort, putBackup, storeContents, testRing } from '../support/backup-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { MemoryCatalog } from '../support/memory-catalog.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { s3World, type S3World } from '../support/s3-world.js';

// The bucket keeps what should go, loses what should stay, or holds what is not ours (I4, I5, I11). On the real S3 server.

const dayMs = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs);
const policy = {
  retentionDays: 30,
  keepLast: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  withinBytes: 0,
  timezone: 'UTC',
  minKeep: 1,
};
const patience = 60_000;

let world: S3World;
let catalog: MemoryCatalog;
beforeEach(async () => {
  world = await s3World();
  catalog = new MemoryCatalog();
});
afterEach(() => world.close());

/** Backups of the given ages in days, in the store and in a catalogue. */
async function backups(store: ObjectStore, ...ages: number[]): Promise<BackupJson[]> {
  const made: BackupJson[] = [];
  for (const age of ages) {
    const backup = await putBackup(store, daysAgo(age));
    catalog.add(backup);
    made.push(backup);
  }
  return made;
}

const clean = (store: ObjectStore, changes: Partial<CleanupRequest> = {}) =>
  runCleanup(
    { store, clock: backupDeps(store).clock, observer: silentObserver, catalog },
    {
      ...{ target: null, dryRun: false, confirm: null, graceMs: dayMs, expectedStoreId: null },
      policyOf: () => ({ policy, intervalMs: dayMs }),
      ...changes,
    },
    noAbort,
  );

const verify = (store: ObjectStore, backupId: string, level: 'stored' | 'readable' = 'readable') =>
  runVerify({ store, ring: testRing, observer: silentObserver }, { backupId, level }, noAbort);

describe('F28 what may not be deleted', () => {
  it(
    'F28 access denied on DELETE: tried once, the record and the backup stand, and it goes when it may',
    async () => {
      const store = await world.open();
      const [, , old] = (await backups(store, 0, 1, 40)) as [BackupJson, BackupJson, BackupJson];
      const before = await world.contents();
      const told = world.proxy.on({ kind: 'reply', status: 403, code: 'AccessDenied' }, { operation: 'DeleteObject' });
      const refused = await clean(store);
      expect(refused).toMatchObject({ removed: 0, freedBytes: 0 });
      expect(refused.decisions.find(({ backupId }) => backupId === old.backupId)).toMatchObject({
        decision: 'kept-by-refusal',
        reasons: [expect.any(String), expect.stringContaining('was not removed')],
      });
      // No loop: one refusal is enough.
      expect(told.struck).toBe(1);
      expect(catalog.statusOf(old.backupId)).toBe('completed');
      expect(await world.contents()).toEqual(before);
      await verify(store, old.backupId);
      world.proxy.heal();
      expect(await clean(store)).toMatchObject({ removed: 1 });
      expect(catalog.statusOf(old.backupId)).toBe('deleted');
    },
    patience,
  );

  it(
    'F28 access denied in the middle of a deletion: it stays begun, is repeated later, and never stands half',
    async () => {
      const store = await world.open();
      const [, , old] = (await backups(store, 0, 1, 40)) as [BackupJson, BackupJson, BackupJson];
      world.proxy.on(
        { kind: 'reply', status: 403, code: 'AccessDenied' },
        { operation: 'DeleteObject', key: /data\.hzn$/ },
      );
      expect(await clean(store)).toMatchObject({
        removed: 0,
        reports: [expect.stringContaining('not removed completely')],
      });
      expect(catalog.statusOf(old.backupId)).toBe('deleting');
      const { backups: listed } = await listBackups(store, undefined, noAbort);
      expect(listed.map(({ backupId }) => backupId)).not.toContain(old.backupId);
      world.proxy.heal();
      const deps = { ...backupDeps(store), catalog };
      expect(await runDelete(deps, { backupId: old.backupId, force: false }, noAbort)).toMatchObject({
        outcome: 'deleted',
      });
      expect((await world.contents()).filter((key) => key.includes(old.backupId))).toEqual([]);
    },
    patience,
  );

  it(
    'F28 an object under retention: kept with the date, not tried, and gone after it',
    async () => {
      const bucket = uniqueBucket();
      await withS3Client(services().s3, (client) =>
        client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true })),
      );
      const store = await world.open({ bucket });
      const [, , old] = (await backups(store, 0, 1, 40)) as [BackupJson, BackupJson, BackupJson];
      const until = new Date(Date.now() + dayMs);
      const Key = `backups/clinic/${old.backupId}/${old.objects.data.key}`;
      const retain = (RetainUntilDate: Date) =>
        withS3Client(services().s3, (client) =>
          client.send(
            new PutObjectRetentionCommand({
              ...{ Bucket: bucket, Key, BypassGovernanceRetention: true },
              Retention: { Mode: 'GOVERNANCE', RetainUntilDate },
            }),
          ),
        );
      await retain(until);
      const before = await storeContents(store);
      const seen = world.proxy.requests.length;
      const kept = await clean(store);
      expect(kept.decisions.find(({ backupId }) => backupId === old.backupId)).toMatchObject({
        decision: 'keep',
        reasons: [expect.stringContaining(`locked until ${until.toISOString().slice(0, 16)}`)],
      });
      expect(
        world.proxy.requests
          .slice(seen)
          .filter(({ operation, key }) => operation === 'DeleteObject' && key.includes(old.backupId)),
      ).toEqual([]);
      expect(await storeContents(store)).toEqual(before);
      expect(catalog.statusOf(old.backupId)).toBe('completed');

      // A whole second: HEAD tells no more of it, and a lock that has ended there and not yet in the store would be met by the deletion.
      await retain(new Date((Math.ceil(Date.now() / 1000) + 1) * 1000));
      const cleaned = async () => (await clean(store)).removed === 1;
      await waitUntil(cleaned, { what: 'the end of the lock', timeoutMs: 30_000 });
      expect(catalog.statusOf(old.backupId)).toBe('deleted');
      expect((await storeContents(store)).filter((name) => name.includes(old.backupId))).toEqual([]);
      await store.close();
      await releaseAndRemove(bucket, Key);
    },
    patience,
  );
});

describe('F29 a backup that was removed behind our back', () => {
  it.each(['data.hzn', 'manifest.hzn', 'backup.json'])(
    'F29 %s is gone: verify says so, the record becomes missing, retention does not count it, and it may come back',
    async (name) => {
      const store = await world.open();
      const [newest, older, oldest] = (await backups(store, 0, 40, 41)) as [BackupJson, BackupJson, BackupJson];
      const key = name === 'backup.json' ? `clinic/${newest.backupId}/${name}` : `clinic/${newest.backupId}/1/${name}`;
      const { bytes } = await world.direct.getBytes(key, 10_000_000);
      await world.direct.delete(key);
      await expect(verify(store, newest.backupId)).rejects.toMatchObject({
        code: name === 'backup.json' ? 'backup/not-found' : 'backup/missing',
        hint: expect.any(String) as unknown,
      });
      // Without the interval of the target: with it, nothing at all would expire of one whose last good backup is that old.
      const result = await clean(store, { policyOf: () => ({ policy, intervalMs: null }) });
      expect(catalog.statusOf(newest.backupId)).toBe('missing');
      expect(result.reports).toContainEqual(expect.stringContaining(`${newest.backupId} is missing`));
      // The last good one is one of the others now, and stays (I5).
      expect(catalog.statusOf(older.backupId)).toBe('completed');
      expect(catalog.statusOf(oldest.backupId)).toBe('deleted');
      await verify(store, older.backupId);

      await world.direct.putBytes(key, bytes);
      await clean(store);
      expect(catalog.statusOf(newest.backupId)).toBe('completed');
      await verify(store, newest.backupId);
    },
    patience,
  );

  it(
    'F29 the whole bucket is emptied: nothing more is removed, and a store without identity is refused',
    async () => {
      const store = await world.open();
      const [one] = (await backups(store, 0)) as [BackupJson];
      const { storeId } = JSON.parse((await store.getBytes('hazina.json', 10_000)).bytes.toString()) as {
        storeId: string;
      };
      for (const key of [...(await world.contents()), 'hazina.json']) await world.direct.delete(key);
      await expect(clean(store, { expectedStoreId: storeId })).rejects.toMatchObject({ code: 'store/changed' });
      expect(catalog.statusOf(one.backupId)).toBe('completed');
    },
    patience,
  );
});

describe('F43 garbage beside the backups', () => {
  const garbage: [string, string][] = [
    ['clinic/README.txt', 'not ours'],
    ['clinic/empty', ''],
    ['clinic/clinic-20260101T000000Z-zzzzzz/1/data.hzn.old', 'x'],
    ['clinic/clinic-not-an-id/backup.json', '{}'],
    ['another/file/deep/below.json', '{}'],
    ['.hidden', ''],
  ];

  it(
    'F43 empty objects and foreign files: reported, left alone, and nothing else changes',
    async () => {
      const store = await world.open();
      const made = await backups(store, 0, 1, 40);
      for (const [key, text] of garbage) await world.direct.putBytes(key, Buffer.from(text));
      const listed = await listBackups(store, undefined, noAbort);
      expect(listed.backups.map(({ backupId }) => backupId)).toEqual(made.map(({ backupId }) => backupId));
      expect(listed.damaged).toEqual([]);
      const result = await clean(store);
      expect(result).toMatchObject({ removed: 1 });
      for (const [key] of garbage) {
        expect(result.reports).toContainEqual(expect.stringContaining(JSON.stringify(key)));
        expect(await world.direct.head(key)).not.toBeNull();
      }
      // Again: nothing more.
      expect(await clean(store)).toMatchObject({ removed: 0, orphansRemoved: 0 });
    },
    patience,
  );

  it(
    'F43 an empty backup.json in a name of ours: damage, reported, never deleted',
    async () => {
      const store = await world.open();
      await backups(store, 0, 1);
      const key = 'clinic/clinic-20260101T000000Z-aaaaaa/backup.json';
      await world.direct.putBytes(key, Buffer.alloc(0));
      const { backups: listed, damaged } = await listBackups(store, undefined, noAbort);
      expect([listed.length, damaged.length]).toEqual([2, 1]);
      const result = await clean(store, { graceMs: 0 });
      expect(result.reports).toContainEqual(expect.stringContaining('damaged'));
      expect(await world.direct.head(key)).not.toBeNull();
    },
    patience,
  );

  it(
    'F43 records of a newer date that nobody sealed push nothing out, by the bucket and the key alone',
    async () => {
      const store = await world.open();
      const made = (await backups(store, 10, 40, 50)) as [BackupJson, BackupJson, BackupJson];
      for (let day = 0; day < 4; day += 1) await plantFake(made[0], daysAgo(day));
      await plantFake(made[0], new Date('2999-01-01T00:00:00.000Z'));
      const result = await runCleanup(
        { store, clock: backupDeps(store).clock, observer: silentObserver, ring: testRing },
        {
          ...{ target: null, dryRun: false, confirm: null, graceMs: dayMs, expectedStoreId: null },
          policyOf: () => ({ policy: { ...policy, retentionDays: 5, keepLast: 3 }, intervalMs: dayMs }),
        },
        noAbort,
      );
      expect(result).toMatchObject({ removed: 0 });
      expect(result.reports.filter((text) => text.includes('does not count as good'))).toHaveLength(5);
      for (const { backupId } of made) await verify(store, backupId);
    },
    patience,
  );
});

/** A copy of a backup's papers under a new id and date. */
async function plantFake(model: BackupJson, at: Date): Promise<void> {
  const backupId = `clinic-${at.toISOString().replace(/[-:]|\.\d{3}/g, '')}-zzzzzz`;
  const time = at.toISOString();
  const fake = { ...model, backupId, startedAt: time, completedAt: time };
  await world.direct.putBytes(`clinic/${backupId}/backup.json`, Buffer.from(JSON.stringify(fake)));
}

async function releaseAndRemove(bucket: string, key: string): Promise<void> {
  await withS3Client(services().s3, async (client) => {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key }));
    for (const { VersionId } of Versions)
      await client.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId, BypassGovernanceRetention: true }),
      );
  });
  await removeBucket(bucket);
}

describe('F43 at the command line', () => {
  const cli = new CliWorld();
  let environment: Environment;
  let backupId: string;
  beforeAll(async () => {
    await fillSampleDatabase(cli.client.db(cli.database), 50);
    environment = cli.environment;
    ({ backupId } = await cli.backup(environment));
    const clinic = join(cli.folder, 'store/clinic');
    const real = join(clinic, readdirSync(clinic)[0] ?? '');
    for (const at of [new Date(Date.now() + 5 * 365 * dayMs), new Date(Date.now() + 60_000)]) {
      const fake = `clinic-${at.toISOString().replace(/[-:]|\.\d{3}/g, '')}-zzzzzz`;
      mkdirSync(join(clinic, fake));
      const time = at.toISOString();
      const papers = JSON.parse(readFileSync(join(real, 'backup.json'), 'utf8')) as object;
      writeFileSync(
        join(clinic, fake, 'backup.json'),
        JSON.stringify({ ...papers, backupId: fake, startedAt: time, completedAt: time }),
      );
    }
    writeFileSync(join(clinic, 'stray'), '');
    cpSync(join(real, 'backup.json'), join(cli.folder, 'store', 'stray.json'));
  }, patience);
  afterEach(() => expect(cli.leftovers()).toEqual([]));
  afterAll(() => cli.close());

  it(
    'F43 a record-shaped fake with a newer date does not become the latest: said, and the real one is taken',
    async () => {
      const verified = await hazina(['verify', '--latest', '--json'], environment);
      expect(verified).toMatchObject({ code: 0 });
      expect(JSON.parse(verified.stdout)).toMatchObject({ results: [{ backupId, ok: true }] });
      expect(verified.stderr).toMatch(/zzzzzz.*not taken for the latest/);
      const args = ['restore', '--latest', '--to-env', 'TARGET_URI', '--rename', `${cli.database}=${cli.database}_f43`];
      const restored = await hazina([...args, '--json'], environment);
      expect(restored).toMatchObject({ code: 0 });
      expect(JSON.parse(restored.stdout)).toMatchObject({ backupId });
    },
    patience,
  );
});
