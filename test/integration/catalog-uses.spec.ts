import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deletionCatalog, rotationCatalog, syncCatalog, Upkeep, type Catalog, type ClaimRef } from '#catalog';
import { systemClock, type BackupRecord, type Clock, type UseKind } from '#contracts';
import {
  backupJsonOf,
  catalogWorld,
  completedBackup,
  newTarget,
  verifyTask,
  type CatalogWorld,
} from '../support/catalog-world.js';
import { TestJobSink } from '../support/job-sink.js';

// Uses of a backup that have no record of their own, and the rewrite, on the real server.

let world: CatalogWorld;
let catalog: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
}, 30_000);
afterAll(() => world.close(), 30_000);

const none = new AbortController().signal;
const primary = 'e'.repeat(32);
/** As after a backup that was written while the primary store was away. */
const elsewhere = { $set: { place: 'offsite', storeId: 'd'.repeat(32) } };
const backups = () => world.client.db(world.database).collection('backups');
const made = () => completedBackup(catalog, newTarget());
const find = async (backupId: string): Promise<BackupRecord> => {
  const record = await catalog.backups.find(backupId);
  if (record === null) throw new Error('no record');
  return record;
};
async function take(backupId: string, kind: UseKind = 'rewrite'): Promise<ClaimRef> {
  const taken = await catalog.backups.takeUse(backupId, kind, 'host/1/a');
  if (taken.outcome !== 'taken') throw new Error(taken.outcome);
  return taken.ref;
}
const view = (more: Partial<Parameters<typeof rotationCatalog>[1]> = {}) =>
  rotationCatalog(catalog, {
    ...{ clock: systemClock, owner: 'host/2/b', lease: { leaseMs: 60_000, beatMs: 10_000 }, patienceMs: 0, pollMs: 5 },
    onTrouble: () => undefined,
    requireStore: () => Promise.resolve(),
    ...more,
  });
const factsOf = (backupId: string, target: string, attempt: number) => {
  const backup = { ...backupJsonOf(backupId, target, attempt), keyIds: ['ffffffffffffffff'] };
  return { attempt, backup, bytes: JSON.stringify(backup) };
};

describe('a use', () => {
  it('is one at a time, beats, and ends; a deletion waits for it', async () => {
    const backupId = await made();
    const ref = await take(backupId, 'rotation');
    expect(await catalog.backups.takeUse(backupId, 'copy', 'host/2/b')).toMatchObject({
      outcome: 'busy',
      kind: 'rotation',
    });
    expect(await catalog.backups.beatUse(ref)).toEqual({ state: 'held', cancelRequested: false });
    expect(await deletionCatalog(catalog).view(backupId)).toMatchObject({ usedBy: 'its keys are being rotated' });
    await catalog.backups.endUse(ref);
    expect(await deletionCatalog(catalog).view(backupId)).toMatchObject({ usedBy: null });
    expect(await catalog.backups.beatUse(ref)).toEqual({ state: 'lost' });
    const next = await take(backupId, 'copy');
    expect(next.fence).toBeGreaterThan(ref.fence);
    await catalog.backups.endUse(ref);
    expect((await find(backupId)).use).toMatchObject({ kind: 'copy', owner: 'host/1/a', fence: next.fence });
  });

  it('is refused of what is being deleted, and of what has no record', async () => {
    const backupId = await made();
    await catalog.backups.beginDelete(backupId, 'test', new Date());
    expect(await catalog.backups.takeUse(backupId, 'copy', 'a')).toEqual({
      outcome: 'not-completed',
      status: 'deleting',
    });
    expect(await catalog.backups.takeUse('t1-20200101T000000Z-aaaaaa', 'copy', 'a')).toEqual({ outcome: 'no-record' });
    expect(await view().hold(backupId, 'rewrite', () => Promise.resolve('done'), none)).toBe('gone');
  });

  it('of a rewrite keeps verifications, restores and drills away, and waits for those that are there', async () => {
    const backupId = await made();
    const ref = await take(backupId);
    expect(await catalog.tasks.insert(verifyTask(backupId))).toBe(false);
    await catalog.backups.endUse(ref);
    expect(await catalog.tasks.insert(verifyTask(backupId))).toBe(true);
    const act = () => Promise.resolve('done');
    await expect(view().hold(backupId, 'rewrite', act, none)).rejects.toMatchObject({
      ...{ code: 'backup/refused', retry: 'retry' },
      message: expect.stringContaining('a verification of it waits or runs') as unknown,
    });
    // A rotation of headers hinders nobody who reads.
    expect(await view().hold(backupId, 'rotation', act, none)).toBe('done');
    await catalog.tasks.withdraw(`${backupId}-v1`);
    expect(await view().hold(backupId, 'rewrite', act, none)).toBe('done');
    expect((await find(backupId)).use.kind).toBeNull();
  });

  it('of somebody who is gone ends with its lease: by the reaper, and by whoever waits for it', async () => {
    let passed = 0;
    const clock: Clock = { now: () => new Date(), monotonicMs: () => 777 + passed };
    const [one, two] = [await made(), await made()];
    await take(one);
    await take(two);
    const lease = { leaseMs: 120_000, reaperMs: 30_000 };
    const verify = { level: null, reverifyDays: null };
    const { reaper } = new Upkeep({ catalog, jobs: new TestJobSink(), clock, lease, verify, channels: [] });
    const expired = [];
    for (let look = 0; look < 5; look += 1) {
      expired.push(...(await reaper.look()).expired);
      passed += lease.reaperMs;
    }
    expect(expired).toEqual(
      expect.arrayContaining([
        { id: one, status: 'unused' },
        { id: two, status: 'unused' },
      ]),
    );
    expect((await find(one)).use.kind).toBeNull();
    await take(two);
    const waiting = view({ lease: { leaseMs: 1000, beatMs: 300 }, pollMs: 20 });
    expect(await waiting.hold(two, 'rotation', () => Promise.resolve('done'), none)).toBe('done');
  });

  it('that is lost while it is held aborts its holder', async () => {
    const backupId = await made();
    const reasons: unknown[] = [];
    await view({ lease: { leaseMs: 60_000, beatMs: 20 } }).hold(
      backupId,
      'rewrite',
      async ({ signal }) => {
        const { fence, beat } = (await find(backupId)).use;
        // Filters on the beat that was seen: a holder who beats is not expired.
        let lost = await catalog.backups.expireUse(backupId, { fence, beat });
        while (!lost) lost = await catalog.backups.expireUse(backupId, (await find(backupId)).use);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        reasons.push(signal.reason);
      },
      none,
    );
    expect(reasons).toMatchObject([{ code: 'run/fenced' }]);
  });
});

describe('a rewrite', () => {
  it('is recorded by its holder alone, with what follows from it; the reconciler finds what was broken off', async () => {
    const backupId = await made();
    await catalog.settings.bindStore(primary);
    await backups().updateOne({ backupId }, elsewhere);
    const { target, commit, s3Key } = await find(backupId);
    const jobs = new TestJobSink();
    const lease = { leaseMs: 120_000, reaperMs: 30_000 };
    const verify = { level: null, reverifyDays: null };
    const { reconciler } = new Upkeep({ catalog, jobs, clock: systemClock, lease, verify, channels: [] });
    await view().hold(
      backupId,
      'rewrite',
      async ({ record }) => {
        const attempt = (await record?.raiseAbove(7)) ?? 0;
        expect(attempt).toBe(8);
        const { bytes } = factsOf(backupId, target, attempt);
        await record?.record(attempt, Buffer.from(bytes));
        await record?.record(attempt, Buffer.from(bytes));
        expect(await record?.look()).toEqual({ fence: 8, status: 'completed', commit: { attempt } });
        expect(await record?.commit()).toEqual({ status: 'completed', due: true, attempt, bytes });
        // Its holder lives: nobody else puts it.
        expect((await reconciler.look()).enqueued.filter((id) => id.startsWith('recommit'))).toEqual([]);
      },
      none,
    );
    const after = await find(backupId);
    expect(after).toMatchObject({
      ...{ commit: { attempt: 8 }, commitDue: true, keyIds: ['ffffffffffffffff'], hash: 'a'.repeat(64) },
      s3Key: s3Key?.replace(/\d+\/data/, '8/data'),
      verificationStatus: { verified: true, verificationHash: 'a'.repeat(64) },
      verifications: [{ verificationId: `${backupId}-r8`, level: 'readable', status: 'completed' }],
      use: { kind: null },
      // It was on its way home from a destination: what counts stands in the primary store now.
      ...{ place: null, storeId: primary },
    });
    expect(after.marks.wanted).toBe(1);
    expect((await reconciler.look()).enqueued).toContain(`recommit-${backupId}-${after.jobNumber + 1}`);
    expect(await catalog.backups.recommitted(backupId, commit?.attempt ?? 1)).toBe(false);
    expect(await catalog.backups.recommitted(backupId, 8)).toBe(true);
    expect(await catalog.backups.recommitsDue()).not.toContain(backupId);
  });

  it('whose use was lost records nothing any more', async () => {
    const backupId = await made();
    const { target } = await find(backupId);
    const ref = await take(backupId);
    await catalog.backups.expireUse(backupId, (await find(backupId)).use);
    const { bytes } = factsOf(backupId, target, 5);
    const facts = {
      attempt: 5,
      bytes,
      hash: 'c'.repeat(64),
      size: 1,
      keyIds: [],
      storeId: null,
      provenFrom: new Date(),
      at: new Date(),
    };
    expect(await catalog.backups.recordRewrite(ref, facts)).toBe(false);
    expect(await catalog.backups.raiseForRewrite(ref, 9)).toBeNull();
    expect((await find(backupId)).commit?.attempt).toBe(1);
  });

  it('that was made without the catalogue is followed by a sync, unless somebody uses the backup', async () => {
    const backupId = await made();
    const before = await find(backupId);
    // Verified, and by now of no interest to those that verify.
    await view().hold(
      backupId,
      'rewrite',
      ({ record }) => record?.record(3, Buffer.from(factsOf(backupId, before.target, 3).bytes)) ?? Promise.resolve(),
      none,
    );
    await catalog.backups.recommitted(backupId, 3);
    const unverified = async () =>
      (await catalog.backups.needVerification(new Date(0), 1_000)).map((record) => record.backupId);
    expect((await find(backupId)).verificationStatus.verified).toBe(true);
    expect(await unverified()).not.toContain(backupId);
    const { backup, bytes } = factsOf(backupId, before.target, 9);
    const sync = syncCatalog(catalog, systemClock);
    const seen = await sync.find(backupId);
    if (seen === null) throw new Error('no record');
    const found = {
      ...{ backup, bytes, s3Key: 'p/9/data.hzn', metadata: null, warnings: [], resources: null, storeId: 's' },
      ...{ createdAt: new Date(), slot: null, adopted: false, keyIds: ['eeeeeeeeeeeeeeee'] },
      ...{
        marks: { version: 0, pinned: false, label: null, verifications: [] },
        lockedUntil: new Date(2_000_000_000_000),
      },
    };
    await backups().updateOne({ backupId }, elsewhere);
    const ref = await take(backupId, 'copy');
    expect(await sync.takeRewrite(seen, found)).toBe(false);
    await catalog.backups.endUse(ref);
    expect(await sync.takeRewrite(seen, found)).toBe(true);
    expect(await sync.takeRewrite(seen, found)).toBe(false);
    expect(await find(backupId)).toMatchObject({
      ...{ commit: { attempt: 9, bytes }, commitDue: false, keyIds: ['eeeeeeeeeeeeeeee'], s3Key: 'p/9/data.hzn' },
      claim: { fence: 9 },
      ...{ place: null, storeId: 's', lockedUntil: new Date(2_000_000_000_000) },
      verificationStatus: { verified: false, verifiedAt: null, verificationHash: null },
    });
    expect(await unverified()).toContain(backupId);
  });
});
