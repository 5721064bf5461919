import { join } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { alertKey, deleteJob } from '#catalog';
import type { CopyRecord } from '#contracts';
import { services, uniqueBucket, waitUntil } from '../services/services.js';
import { withS3Client } from '../services/s3-client.js';
import {
  atEnd,
  backUp,
  expectEqual,
  setUp,
  slow,
  tearDown,
  untilAlert,
  untilCopied,
  untilCopies,
  type World,
} from '../support/destinations-world.js';

// Quota, object lock and reload of destinations, on real stores.

jest.setTimeout(400_000);
afterEach(tearDown);
/** None of these is about a worker or a store that is slow. */
const patient = { settings: { BACKUP_LEASE_SECONDS: '60' }, tuning: { probeTimeoutMs: 20_000 } };

const told = ({ world }: World, kind: string) =>
  world.client.db(world.catalogs.database).collection('notifications').find({ kind }).toArray();
const copyAt = (copies: readonly CopyRecord[], name: string) => copies.find(({ destination }) => destination === name);

it('a quota of a destination warns, tells when it will be full, refuses where it is to be kept, and is over when there is room', async () => {
  const at = await setUp({}, patient.settings, patient.tuning);
  const { world, usual, reload, stores } = at;
  const first = await backUp(at);
  const [{ bytes } = { bytes: 0 }] = await untilCopied(at, first, 'offsite', 'vault');
  const withQuota = (quotaBytes: number, quotaPolicy = 'warn') =>
    reload({ ...usual, vault: { ...usual.vault, quotaBytes, quotaPolicy } });
  const warning = alertKey('quota-warning', 'destination/vault');
  const critical = alertKey('quota-critical', 'destination/vault');

  await withQuota(Math.ceil(bytes / 0.85));
  await untilAlert(at, warning, true);
  await withQuota(Math.ceil(bytes / 0.97), 'refuse');
  await untilAlert(at, critical, true);
  expect(await told(at, 'quota-critical')).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(
        /^Copies in vault take \d+ bytes: 9\d\.\d % of quotaBytes of the destination vault/,
      ),
      hint: expect.stringContaining('raise quotaBytes of the destination vault'),
    }),
  ]);

  const second = await backUp(at);
  await untilCopied(at, second, 'offsite');
  const refused = await untilCopies(at, second, (copies) => copyAt(copies, 'vault')?.state === 'failed');
  expect(copyAt(refused, 'vault')).toMatchObject({ error: { code: 'store/quota-reached' }, storedBytes: 0 });
  await untilAlert(at, alertKey('replica-behind', 'vault'), true);
  expect(await stores.vault.head(`clinic/${second}/backup.json`)).toBeNull();
  // Nor is it written there while the primary store is away: the next nearest takes it.
  await reload({ vault: { ...usual.vault, quotaBytes: bytes, quotaPolicy: 'refuse' }, offsite: usual.offsite });
  at.primaryLine.cut();
  const third = await backUp(at);
  expect((await world.record(third)).place).toBe('offsite');
  at.primaryLine.mend();

  await withQuota(bytes * 100, 'refuse');
  for (const backupId of [second, third]) await untilCopied(at, backupId, 'vault');
  for (const key of [warning, critical, alertKey('replica-behind', 'vault')]) await untilAlert(at, key, false);
  expect(await told(at, 'quota-critical')).toHaveLength(1);
  expect(await told(at, 'quota-warning')).toHaveLength(1);
  const recovered = (await told(at, 'recovered')).map(({ of }) => of as string);
  expect(recovered).toEqual(expect.arrayContaining(['quota-warning', 'quota-critical', 'replica-behind']));
});

it('SIGHUP takes destinations up, changed ones and none any more; what is being copied is copied to its end, and a mistake changes nothing', async () => {
  const at = await setUp({ offsite: { quotaBytes: 1 } }, patient.settings, patient.tuning);
  const { world, usual, reload, stores, offsiteLine, worker } = at;
  const full = alertKey('quota-critical', 'destination/offsite');
  const first = await backUp(at);
  await untilCopied(at, first, 'offsite', 'vault');

  // A copy that is under way while its destination changes.
  const barrier = offsiteLine.holdBack('PUT');
  const second = await backUp(at);
  await waitUntil(() => Promise.resolve(barrier.count > 0 || undefined), { ...slow, what: 'a copy under way' });
  const third = join(world.folder, 'third');
  const changed = { ...usual.offsite, quotaBytes: undefined, retention: { retentionDays: 365 } };
  await untilAlert(at, full, true);
  await reload({ offsite: changed, third: { kind: 'directory', directory: third } });
  const health = async () =>
    (await world.catalog.workers.all()).flatMap(({ destinations }) => (destinations ?? []).map(({ name }) => name));
  await waitUntil(async () => (await health()).join() === 'offsite,third' || undefined, {
    ...slow,
    what: 'the destinations of now',
    onTimeout: () =>
      worker.lines
        .slice(-20)
        .map((line) => JSON.stringify(line))
        .join('\n'),
  });
  for (const backupId of [first, second]) await untilCopied(at, backupId, 'third');
  await untilAlert(at, full, false);
  barrier.letGo();
  const copies = await untilCopied(at, second, 'offsite');
  // Nobody took it over.
  expect(copyAt(copies, 'offsite')?.claim.fence).toBeLessThanOrEqual(2);
  await expectEqual(stores.offsite, stores.primary, second);
  // Nor was anything told by the quota that it began with.
  expect(await told(at, 'quota-critical')).toHaveLength(1);
  const fourth = await backUp(at);
  const all = await untilCopied(at, fourth, 'offsite', 'third');
  expect(copyAt(all, 'vault')).toBeUndefined();

  // All or nothing.
  await reload({ offsite: changed, odd: { kind: 's3', bucket: 'odd', accessKeyIdVariable: 'NOT_SET' } });
  const refusals = worker.lines.filter(({ msg }) => msg.startsWith('configuration not reloaded'));
  expect(refusals).toEqual([expect.objectContaining({ code: 'config/invalid' })]);
  const fifth = await backUp(at);
  await untilCopied(at, fifth, 'offsite', 'third');

  // What was told of one that is gone is over.
  offsiteLine.cut();
  const away = alertKey('store-unusable', 'offsite');
  await untilAlert(at, away, true);
  await reload({});
  await untilAlert(at, away, false);
  offsiteLine.mend();
  const sixth = await backUp(at);
  expect(await world.catalog.copies.of([sixth])).toEqual([]);
});

it('copies are locked as their destination says, which no retention and no deletion takes for a failure', async () => {
  const bucket = uniqueBucket();
  await withS3Client(services().s3, (client) =>
    client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true })),
  );
  const locked = { bucket, objectLock: { mode: 'governance', days: 2 }, retention: { retentionDays: 1, minKeep: 1 } };
  const at = await setUp({ offsite: locked }, patient.settings, { ...patient.tuning, checkDestinationMs: 0 });
  atEnd(() => release(bucket));
  const { world, stores } = at;
  const ids: string[] = [];
  for (let made = 0; made < 3; made += 1) ids.push(await backUp(at));
  const [expired, deleted] = ids as [string, string, string];
  for (const backupId of ids) {
    const copies = await untilCopied(at, backupId, 'offsite', 'vault');
    expect(copyAt(copies, 'offsite')?.lockedUntil?.getTime()).toBeGreaterThan(Date.now() + 86_400_000);
    expect(copyAt(copies, 'vault')?.lockedUntil).toBeNull();
    for (const name of ['backup.json', '1/data.hzn', '1/manifest.hzn']) {
      expect((await stores.offsite.head(`clinic/${backupId}/${name}`))?.lockedUntil).toBeInstanceOf(Date);
      expect((await stores.primary.head(`clinic/${backupId}/${name}`))?.lockedUntil).toBeUndefined();
    }
  }

  await world.catalog.backups.beginDelete(deleted, 'ada', new Date());
  await world.queue.add(deleteJob(await world.record(deleted)));
  await world.until(deleted, ({ status }) => status === 'deleted', { ...slow, what: 'the deletion' });
  const waiting = await untilCopies(
    at,
    deleted,
    (copies) => copyAt(copies, 'vault')?.state === 'removed' && copyAt(copies, 'offsite')?.state === 'removing',
  );
  expect(copyAt(waiting, 'offsite')).toMatchObject({ error: null, attempts: 0, lockedUntil: expect.any(Date) });
  const longAgo = new Date(Date.now() - 3 * 86_400_000);
  const records = world.client.db(world.catalogs.database).collection('copies');
  await records.updateOne({ copyId: `${expired}/offsite` }, { $set: { completedAt: longAgo, lockedUntil: null } });
  // Two daily looks from now on it has been decided.
  const reads = at.offsiteLine.bytesFromServer;
  await waitUntil(() => Promise.resolve(at.offsiteLine.bytesFromServer > reads + 20_000 || undefined), {
    ...slow,
    what: 'looks at the destination',
  });
  expect(copyAt(await world.catalog.copies.of([expired]), 'offsite')?.state).toBe('copied');
  expect((await world.catalog.alerts.raised()).map(({ key }) => key)).toEqual([]);

  // The locks end: both go, with every version.
  await shorten(bucket);
  await records.updateMany({ state: 'removing' }, { $set: { nextAttemptAt: new Date() } });
  for (const backupId of [expired, deleted])
    await untilCopies(at, backupId, (copies) => copyAt(copies, 'offsite')?.state === 'removed');
  const left = await versionsIn(bucket);
  expect(left.filter(({ Key = '' }) => Key.includes(expired) || Key.includes(deleted))).toEqual([]);
});

function versionsIn(Bucket: string) {
  return withS3Client(services().s3, async (client) => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    return [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
  });
}

/** Only those with a right of their own can. */
async function shorten(Bucket: string): Promise<void> {
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + 2_000) } as const;
  const locked = (await versionsIn(Bucket)).filter(({ Key = '' }) =>
    /(backup\.json|data\.hzn|manifest\.hzn)$/.test(Key),
  );
  await withS3Client(services().s3, async (client) => {
    for (const version of locked)
      await client.send(
        new PutObjectRetentionCommand({ Bucket, ...version, Retention, BypassGovernanceRetention: true }),
      );
  });
}

async function release(Bucket: string): Promise<void> {
  const Objects = await versionsIn(Bucket);
  if (Objects.length === 0) return;
  await withS3Client(services().s3, (client) =>
    client.send(new DeleteObjectsCommand({ Bucket, BypassGovernanceRetention: true, Delete: { Objects } })),
  );
}
