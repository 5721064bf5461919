import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cleanupCatalog, recordRemoval, type BackupQuery, type Catalog } from '#catalog';
import { AppError, systemClock, type BackupRecord } from '#contracts';
import {
  catalogWorld,
  completedBackup,
  failure,
  manualBackup,
  newTarget,
  verifyTask,
  type CatalogWorld,
} from '../support/catalog-world.js';

// What becomes of backups after their run, lists and statistics, on the real server.

let world: CatalogWorld;
let catalog: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
}, 30_000);
afterAll(() => world.close(), 30_000);

const at = new Date('2026-11-23T02:00:00.000Z');
const later = (ms: number) => new Date(at.getTime() + ms);

async function found(id: string): Promise<BackupRecord> {
  const record = await catalog.backups.find(id);
  if (record === null) throw new Error(`no record ${id}`);
  return record;
}

async function failedBackup(target: string, when = at, error = failure().error): Promise<string> {
  const backup = manualBackup(target, { createdAt: when });
  await catalog.backups.insert(backup);
  const claimed = await catalog.backups.claim(backup.backupId, 'host/1/a', when);
  const ref = { id: backup.backupId, fence: claimed?.claim.fence ?? 0 };
  await catalog.backups.fail(ref, { ...failure(), error, at: when }, null);
  return backup.backupId;
}

describe('deletion', () => {
  it('finds no other good one in a part that was made by hand', async () => {
    const target = newTarget();
    const full = await completedBackup(catalog, target);
    const part = await completedBackup(catalog, target, { trigger: 'cli' });
    const records = world.client.db(world.database).collection('backups');
    await records.updateOne({ backupId: full }, { $set: { database: '*' } });
    await records.updateOne({ backupId: part }, { $set: { database: 'billing' } });
    expect(await catalog.backups.otherGood(await found(full))).toEqual([]);
    expect(await catalog.backups.otherGood({ backupId: full, target, database: 'billing' })).toEqual([part]);
    expect(await catalog.backups.otherGood({ backupId: full, target })).toEqual([part]);
    expect(await catalog.backups.otherGood(await found(part))).toEqual([full]);
  });

  it('marks, refuses with the reason, and marks again under another job number', async () => {
    const id = await completedBackup(catalog, newTarget());
    const before = await catalog.backups.beginDelete(id, 'ann', at);
    expect(before).toMatchObject({ status: 'completed', jobNumber: 1 });
    expect(await catalog.backups.deleting()).toContain(id);
    expect(await catalog.backups.beginDelete(id, 'bob', at)).toBeNull();
    expect(await catalog.backups.refuseDelete(id, 'it is the last good one', at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'completed', jobNumber: 2 });
    expect((await found(id)).events.at(-1)).toMatchObject({
      type: 'delete-refused',
      message: 'it is the last good one',
    });
    await catalog.backups.beginDelete(id, 'ann', at);
    expect(await catalog.backups.deleted(id, at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'deleted', deletedAt: at });
    expect(await catalog.backups.refuseDelete(id, 'too late', at)).toBe(false);
  });

  it('that is refused gives the state before back, and never makes a good one of what is gone', async () => {
    const { backups } = catalog;
    const id = await completedBackup(catalog, newTarget());
    await backups.markMissing(id, true, at);
    expect(await backups.beginDelete(id, 'ann', at, { force: true })).toMatchObject({ status: 'missing' });
    expect(await backups.refuseDelete(id, 'it is pinned', at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'missing', jobNumber: 2, deleteForced: false });
    await backups.markMissing(id, false, at);
    await backups.beginDelete(id, 'ann', at);
    expect(await backups.refuseDelete(id, 'it is pinned', at, true)).toBe(true);
    expect((await found(id)).status).toBe('missing');
  });

  it('waits for a use when its removal was begun, and lets what was missing be missing', async () => {
    const { backups } = catalog;
    const id = await completedBackup(catalog, newTarget());
    await backups.beginDelete(id, 'ann', at);
    expect(await backups.deferDelete(id, 'a restore of it waits or runs', at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'deleting', jobNumber: 1 });
    await backups.refuseDelete(id, 'it is pinned', at, true);
    await backups.beginDelete(id, 'ann', at);
    expect(await backups.deferDelete(id, 'a restore of it waits or runs', at)).toBe(false);
    expect(await found(id)).toMatchObject({ status: 'missing', jobNumber: 3 });
    expect((await found(id)).events.at(-1)).toMatchObject({ message: 'a restore of it waits or runs' });
  });

  it('that has removed everything ends as deleted, although a second one was refused meanwhile', async () => {
    const { backups } = catalog;
    const id = await completedBackup(catalog, newTarget());
    await backups.beginDelete(id, 'ann', at);
    await backups.refuseDelete(id, 'it is in use', at);
    await recordRemoval(backups, id, { by: 'bob', at });
    expect(await found(id)).toMatchObject({ status: 'deleted', deletedAt: at });
    const { events } = await found(id);
    await recordRemoval(backups, id, { by: 'bob', at });
    expect((await found(id)).events).toEqual(events);
  });

  it('of the last two at once, marking first and checking after leaves one', async () => {
    const target = newTarget();
    const ids = [await completedBackup(catalog, target), await completedBackup(catalog, target)];
    await Promise.all(
      ids.map(async (id) => {
        await catalog.backups.beginDelete(id, 'ann', at);
        const good = await catalog.backups.completed(target);
        if (good.length === 0) await catalog.backups.refuseDelete(id, 'the last good one', at);
        else await catalog.backups.deleted(id, at);
      }),
    );
    expect((await catalog.backups.completed(target)).length).toBeGreaterThan(0);
  });

  it('takes only what is over; failed ones at once', async () => {
    const target = newTarget();
    const running = manualBackup(target);
    await catalog.backups.insert(running);
    expect(await catalog.backups.beginDelete(running.backupId, 'ann', at)).toBeNull();
    expect(await catalog.backups.deleted(running.backupId, at)).toBe(false);
    await catalog.backups.requestCancel(running.backupId, 'ann', at);
    expect(await catalog.backups.deleted(running.backupId, at)).toBe(true);
    const good = await completedBackup(catalog, target);
    expect(await catalog.backups.deleted(good, at)).toBe(false);
  });

  it('goes to missing and back', async () => {
    const id = await completedBackup(catalog, newTarget());
    expect(await catalog.backups.markMissing(id, true, at)).toBe(true);
    expect(await catalog.backups.markMissing(id, true, at)).toBe(false);
    expect(await found(id)).toMatchObject({ status: 'missing' });
    expect(await catalog.backups.markMissing(id, false, at)).toBe(true);
    expect(await found(id)).toMatchObject({ status: 'completed' });
  });

  it('purges what ended before the time and was deleted, failed or cancelled', async () => {
    const target = newTarget();
    const long = new Date('2020-01-01T00:00:00.000Z');
    const old = await failedBackup(target, long);
    const recent = await failedBackup(target);
    const kept = await completedBackup(catalog, target, {}, long);
    expect(await catalog.backups.purge(new Date('2021-01-01T00:00:00.000Z'))).toBe(1);
    expect(await catalog.backups.find(old)).toBeNull();
    expect([await found(recent), await found(kept)].map(({ status }) => status)).toEqual(['failed', 'completed']);
  });
});

describe('marks', () => {
  it('counts wishes and what was written of them', async () => {
    const id = await completedBackup(catalog, newTarget());
    expect(await catalog.backups.setMarks(id, { pinned: true })).toMatchObject({
      pinned: true,
      marks: { wanted: 1, written: 0 },
    });
    expect(await catalog.backups.setMarks(id, { label: 'before the move' })).toMatchObject({
      pinned: true,
      marks: { wanted: 2 },
    });
    expect(await catalog.backups.marksBehind()).toContain(id);
    expect(await catalog.backups.marksWritten(id, 1)).toBe(true);
    expect(await catalog.backups.marksBehind()).toContain(id);
    expect(await catalog.backups.marksWritten(id, 2)).toBe(true);
    expect(await catalog.backups.marksBehind()).not.toContain(id);
    expect(await found(id)).toMatchObject({ marks: { wanted: 2, written: 2 }, label: 'before the move' });
  });

  it('does not pin what is being deleted', async () => {
    const id = await completedBackup(catalog, newTarget());
    await catalog.backups.beginDelete(id, 'ann', at);
    expect(await catalog.backups.setMarks(id, { pinned: true })).toBeNull();
  });
});

describe('verifications', () => {
  const good = { status: 'completed', startedAt: later(1000), completedAt: later(2000) } as const;

  async function verify(id: string, number: number, outcome: object, hash: string | null = 'c'.repeat(64)) {
    await catalog.tasks.insert(verifyTask(id, number, { createdAt: at }));
    const task = await catalog.tasks.claim(`${id}-v${number}`, 'host/1/a', at);
    const ref = { id: `${id}-v${number}`, fence: task?.claim.fence ?? 0 };
    const ended = await catalog.tasks.complete(ref, { at, result: null });
    if (ended === null) throw new Error('not ended');
    const noted = await catalog.backups.verified(id, { ...ended, ...outcome }, hash);
    // Once more, as a worker does that did not get the reply.
    expect(await catalog.backups.verified(id, { ...ended, ...outcome }, hash)).toBe(noted);
    return noted;
  }

  it('notes each outcome once; a good one proves, a bad one takes the proof back', async () => {
    const id = await completedBackup(catalog, newTarget(), {}, at);
    expect(await verify(id, 1, good)).toBe(true);
    expect(await found(id)).toMatchObject({
      verificationStatus: { verified: true, verifiedAt: good.completedAt, verificationHash: 'c'.repeat(64) },
      lastProvenAt: good.startedAt,
      verifications: [{ verificationId: `${id}-v1`, level: 'readable', status: 'completed', error: null }],
    });
    const bad = { ...good, status: 'failed', errorMessage: 'segment 3 is corrupt' } as const;
    const error = { code: 'container/corrupt', stage: 'verify', retryable: false, hint: null };
    await verify(id, 2, { ...bad, error });
    const record = await found(id);
    expect(record).toMatchObject({ verificationStatus: { verified: false }, lastProvenAt: good.startedAt });
    expect(record.verifications.map(({ status }) => status)).toEqual(['completed', 'failed']);
    expect((await catalog.backups.failedVerifications()).map(({ backupId }) => backupId)).toContain(id);
  });

  it('one that could not be made is no verdict', async () => {
    const id = await completedBackup(catalog, newTarget(), {}, at);
    await verify(id, 1, good);
    const error = { code: 'store/unreachable', stage: 'store', retryable: true, hint: null };
    await verify(id, 2, { ...good, status: 'failed', errorMessage: 'no store', error });
    expect(await found(id)).toMatchObject({ verificationStatus: { verified: true } });
  });

  it('differences that a drill found are in the list, and no failed verification that people are told of besides', async () => {
    const id = await completedBackup(catalog, newTarget(), {}, at);
    await verify(id, 1, good);
    const error = { code: 'restore/differences', stage: 'compare', retryable: false, hint: null } as const;
    const different = { ...good, status: 'failed', level: 'restored', errorMessage: 'an index less', error } as const;
    const isToldOf = async () => (await catalog.backups.failedVerifications()).some(({ backupId }) => backupId === id);
    const drilled = { ...different, taskId: 'drill-20261123T090000Z-v12345', createdAt: at, isDrill: true } as const;
    expect(await catalog.backups.verified(id, drilled, null)).toBe(true);
    const { verifications, verificationStatus } = await found(id);
    expect(verifications.at(-1)).toMatchObject({ level: 'restored', status: 'failed', error: { code: error.code } });
    expect(verificationStatus).toMatchObject({ verified: true, level: 'readable' });
    expect(await isToldOf()).toBe(false);
    // The end of a drill's id is no number of a verification.
    expect(await catalog.tasks.nextVerificationNumber(id)).toBe(2);
    await verify(id, 2, different);
    expect(await isToldOf()).toBe(true);
  });

  it('keeps the last twenty', async () => {
    const id = await completedBackup(catalog, newTarget(), {}, at);
    for (let number = 1; number <= 22; number += 1) await verify(id, number, good);
    const { verifications } = await found(id);
    expect(verifications).toHaveLength(20);
    expect(verifications.at(-1)?.verificationId).toBe(`${id}-v22`);
  });
});

describe('lists', () => {
  const target = 'listed';
  const size = (query: Partial<BackupQuery>): BackupQuery => ({
    ...{ page: 1, limit: 20, sortBy: 'createdAt', sortOrder: 'desc', target },
    ...query,
  });
  const ids: string[] = [];
  beforeAll(async () => {
    for (let minute = 0; minute < 4; minute += 1)
      ids.push(
        await completedBackup(catalog, target, { trigger: minute === 0 ? 'safety' : 'manual' }, later(minute * 60_000)),
      );
    ids.push(await failedBackup(target, later(600_000)));
    const [oldest = ''] = ids;
    await catalog.backups.beginDelete(oldest, 'ann', at);
    await catalog.backups.deleted(oldest, at);
  }, 30_000);
  const listed = async (query: Partial<BackupQuery>) =>
    (await catalog.backups.list(size(query))).data.map(({ backupId }) => ids.indexOf(backupId));

  it('newest first, without deleted ones, page by page', async () => {
    expect(await listed({})).toEqual([4, 3, 2, 1]);
    expect(await listed({ limit: 3, page: 2 })).toEqual([1]);
    expect((await catalog.backups.list(size({ limit: 3 }))).total).toBe(4);
    expect(await listed({ sortOrder: 'asc' })).toEqual([1, 2, 3, 4]);
  });

  it('filters', async () => {
    expect(await listed({ status: 'deleted' })).toEqual([0]);
    expect(await listed({ status: 'failed' })).toEqual([4]);
    expect(await listed({ trigger: 'safety', status: 'deleted' })).toEqual([0]);
    expect(await listed({ trigger: 'safety' })).toEqual([]);
    expect(await listed({ from: later(120_000), to: later(180_000) })).toEqual([3, 2]);
    expect(await listed({ target: 'nobody' })).toEqual([]);
  });

  it.each(['createdAt', 'startedAt', 'completedAt', 'size', 'status'] as const)('is stable by %s', async (sortBy) => {
    const records = (await catalog.backups.list(size({ sortBy, sortOrder: 'asc' }))).data;
    const keys = records.map((record) => [record[sortBy] ?? -1, record.backupId] as const);
    const sorted = [...keys].sort(([a, idA], [b, idB]) => (a < b ? -1 : a > b ? 1 : idA < idB ? -1 : 1));
    expect(keys).toEqual(sorted);
    expect(await listed({ sortBy, sortOrder: 'desc' })).toEqual((await listed({ sortBy, sortOrder: 'asc' })).reverse());
  });

  it('leaves the long fields away', async () => {
    const [record] = (await catalog.backups.list(size({ status: 'completed' }))).data;
    expect(record).toMatchObject({ events: [], metadata: { collections: [], totalDocuments: 30 } });
    expect((await found(record?.backupId ?? '')).events.length).toBeGreaterThan(2);
  });
});

describe('statistics', () => {
  it('of a target', async () => {
    const target = newTarget();
    const now = new Date('2026-11-24T12:00:00.000Z');
    const gone = await completedBackup(catalog, target, {}, at);
    await completedBackup(catalog, target, {}, later(3_600_000));
    await failedBackup(target, later(86_400_000));
    await catalog.backups.beginDelete(gone, 'ann', now);
    await catalog.backups.deleted(gone, now);
    const stats = await catalog.backups.stats({ target }, now);
    expect(stats).toMatchObject({
      ...{ total: 2, byStatus: { completed: 1, failed: 1 }, storageBytes: 4096, averageSize: 4096 },
      ...{ averageDurationMs: 1000, durationPercentilesMs: { p50: 1000, p90: 1000, p99: 1000 } },
      ...{ lastBackupAt: later(86_400_000), lastSuccessAt: later(3_600_000), lastVerifiedAt: null },
      lastSuccessByTarget: { [target]: later(3_600_000) },
    });
    expect(stats.perDay).toHaveLength(30);
    expect(stats.perDay.slice(-3)).toEqual([
      { date: '2026-11-22', completed: 0, failed: 0, bytes: 0 },
      { date: '2026-11-23', completed: 2, failed: 0, bytes: 8192 },
      { date: '2026-11-24', completed: 0, failed: 1, bytes: 0 },
    ]);
  });

  it('of nothing', async () => {
    expect(await catalog.backups.storageBytes()).toBe((await catalog.backups.stats({}, at)).storageBytes);
    expect(await catalog.backups.count('completed')).toBe((await catalog.backups.stats({}, at)).byStatus.completed);
    expect(await catalog.backups.stats({ target: 'none' }, at)).toMatchObject({
      ...{ total: 0, byStatus: {}, storageBytes: 0, averageSize: null, averageDurationMs: null },
      ...{ durationPercentilesMs: null, lastBackupAt: null, lastSuccessAt: null, lastVerifiedAt: null },
      lastSuccessByTarget: {},
    });
  });

  it('what was refused for want of room says nothing against a target, and hides no size', async () => {
    const target = newTarget();
    const made = await completedBackup(catalog, target, {}, at);
    const full = new AppError({ code: 'store/quota-reached', stage: 'store', message: 'full' });
    const { lastRunsFailed } = cleanupCatalog(catalog, { clock: systemClock, by: 'test', recordRetentionDays: 400 });
    for (let refused = 1; refused <= 6; refused += 1) await failedBackup(target, later(refused * 60_000), full);
    expect(await lastRunsFailed(target)).toBe(false);
    expect((await catalog.backups.latestCompleted(target, 5)).map(({ backupId }) => backupId)).toEqual([made]);
    for (let failed = 1; failed <= 3; failed += 1) {
      expect(await lastRunsFailed(target)).toBe(false);
      await failedBackup(target, later(3_600_000 + failed * 60_000));
    }
    await failedBackup(target, later(7_200_000), full);
    expect(await lastRunsFailed(target)).toBe(true);
  });

  it('the newest outcomes and successes of targets', async () => {
    const target = newTarget();
    const first = await completedBackup(catalog, target, {}, at);
    const second = await failedBackup(target, later(60_000));
    expect((await catalog.backups.latest(target, 5)).map(({ backupId }) => backupId)).toEqual([second, first]);
    expect((await catalog.backups.latest(target, 1)).map(({ backupId }) => backupId)).toEqual([second]);
    expect(await catalog.backups.lastSuccess()).toMatchObject({ [target]: at });
    expect((await catalog.backups.ends())[target]).toMatchObject({
      lastSuccessAt: at,
      lastRun: { backupId: second, status: 'failed' },
    });
    expect(await catalog.backups.targets()).toContain(target);
  });

  it('a part by hand is no success of its target, unless the target is no more than that', async () => {
    const success = async (target: string) => (await catalog.backups.lastSuccess())[target];
    const part = (target: string, milliseconds: number, databases = ['clinic']) =>
      completedBackup(catalog, target, { trigger: 'cli' }, later(milliseconds), databases);
    const [whole, single, byHand] = [newTarget(), newTarget(), newTarget()];
    await completedBackup(catalog, whole, { trigger: 'schedule' }, at, ['billing', 'clinic']);
    await part(whole, 60_000);
    expect(await success(whole)).toEqual(at);
    expect((await catalog.backups.ends())[whole]).toMatchObject({ lastSuccessAt: at });
    await part(whole, 120_000, ['billing', 'clinic']);
    expect(await success(whole)).toEqual(later(120_000));

    await completedBackup(catalog, single, { trigger: 'schedule' }, at);
    await part(single, 60_000);
    expect(await success(single)).toEqual(later(60_000));
    await part(byHand, 60_000);
    expect(await success(byHand)).toEqual(later(60_000));
  });

  it('one of long ago counts more than a part of now', async () => {
    const target = newTarget();
    const old = new Date(at.getTime() - 90 * 86_400_000);
    await completedBackup(catalog, target, { trigger: 'schedule' }, old, ['billing', 'clinic']);
    await completedBackup(catalog, target, { trigger: 'cli' }, at);
    expect((await catalog.backups.lastSuccess())[target]).toEqual(old);
  });
});
