/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { isPoisonous, Reaper, Reconciler, restoreJob, type NewRestore, type UpkeepOptions } from '#catalog';
import { AppError, randomSuffix, systemRandom, type RestoreRecord, type RestoreReport } from '#contracts';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';
import { TestJobSink } from '../support/job-sink.js';
import { MovedClock } from '../support/moved-clock.js';

jest.setTimeout(60_000);
let world: CatalogWorld;
beforeAll(async () => {
  world = await catalogWorld();
});
afterAll(() => world.close());

const restores = () => world.catalog.restores;
const at = new Date('2026-11-23T09:00:00Z');
const later = (ms: number) => new Date(at.getTime() + ms);
const failure = (code: AppError['code'] = 'target/unreachable') => ({
  error: new AppError({ code, stage: 'load', message: 'no answer', retry: 'retry' }),
  at,
});
const report: RestoreReport = {
  ...{ dryRun: false, outcome: 'restored', warnings: [], documents: 3, durationMs: 10 },
  namespaces: [
    {
      ...{ from: 'a.b', db: 'a', collection: 'b', type: 'collection', action: 'create', documents: 3, bytes: 9 },
      ...{ indexes: 1, differences: [], durationMs: 4 },
    },
  ],
  ...{ oplog: { entries: 2, at: { t: 1_760_000_000, i: 1 } }, usersAndRoles: { users: 1, roles: 0 } },
};

async function backup(): Promise<string> {
  return completedBackup(world.catalog, newTarget());
}

function wish(backupId: string, more: Partial<NewRestore> = {}): NewRestore {
  return {
    restoreId: `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ backupId, targetName: newTarget(), mode: 'into-empty', databases: ['a'], include: [], exclude: [] },
    ...{ rename: [{ from: 'a', to: 'b' }], onConflict: 'fail', ignoreWrites: false, dryRun: false },
    ...{ createdAt: at, correlationId: 'c-1', requestedBy: 'ada', role: 'admin' },
    ...more,
  };
}

async function insert(more: Partial<NewRestore> = {}): Promise<RestoreRecord> {
  const inserted = await restores().insert(wish(more.backupId ?? (await backup()), more));
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  return inserted.record;
}

async function claimed(more: Partial<NewRestore> = {}) {
  const { restoreId } = await insert(more);
  const record = await restores().claim(restoreId, 'host/1', at);
  if (record === null) throw new Error('not claimed');
  return { record, ref: { id: restoreId, fence: record.claim.fence } };
}

describe('a restore', () => {
  it('keeps what was asked for', async () => {
    const record = await insert();
    expect(record).toMatchObject({ status: 'pending', rename: [{ from: 'a', to: 'b' }], jobNumber: 1, phase: null });
    expect(await restores().find(record.restoreId)).toEqual(record);
  });

  it('is a use of its backup until it is over', async () => {
    const { record, ref } = await claimed();
    expect(await restores().uses(record.backupId)).toBe(true);
    expect(await restores().complete(ref, { at, report })).toMatchObject({ status: 'completed', report });
    expect(await restores().uses(record.backupId)).toBe(false);
  });

  it('is not taken when its backup is being deleted, or is not there', async () => {
    const backupId = await backup();
    await world.catalog.backups.beginDelete(backupId, 'ada', at);
    expect(await restores().insert(wish(backupId))).toEqual({ outcome: 'no-backup' });
    expect(await restores().insert(wish('t-20260101T000000Z-abcdef'))).toEqual({ outcome: 'no-backup' });
    expect(await restores().uses(backupId)).toBe(false);
  });

  it('has its target alone; scratch restores and dry runs do not ask for that', async () => {
    const { record, ref } = await claimed();
    const { targetName, backupId } = record;
    const again = () => restores().insert(wish(backupId, { targetName }));
    expect(await again()).toEqual({ outcome: 'busy', runningId: record.restoreId });
    await insert({ targetName, mode: 'scratch' });
    await insert({ targetName, mode: 'replace', dryRun: true });
    await restores().fail(ref, failure());
    expect(await again()).toMatchObject({ outcome: 'inserted' });
  });

  it('is claimed once, and every write of a lost claim finds nothing', async () => {
    const { record, ref } = await claimed();
    expect(await restores().claim(record.restoreId, 'host/2', at)).toBeNull();
    expect(await restores().beat(ref)).toEqual({ state: 'held', cancelRequested: false });
    const seen = (await restores().inProgress()).find(({ id }) => id === record.restoreId);
    const expired = await restores().expire(record.restoreId, { fence: ref.fence, beat: seen?.beat ?? 0 }, at);
    expect(expired).toMatchObject({ status: 'pending', error: { code: 'worker-lost' }, jobNumber: 2 });
    const second = await restores().claim(record.restoreId, 'host/2', at);
    expect(second?.claim.fence).toBe(2);
    const progress = { stage: 'load', documents: 1, bytes: 1, expectedDocuments: null, expectedBytes: null } as const;
    expect(await restores().beat(ref)).toEqual({ state: 'lost' });
    expect(await restores().finished(ref, report)).toBe(false);
    expect(await restores().beginRenaming(ref, false)).toBe('lost');
    expect(await restores().complete(ref, { at, report })).toBeNull();
    expect(await restores().fail(ref, failure())).toBeNull();
    expect(await restores().cancelled(ref, at, null)).toBeNull();
    expect(await restores().retryLater(ref, failure(), later(1))).toBeNull();
    const more = { ...progress, bytesPerSecond: 0, namespaces: [], updatedAt: at };
    expect(await restores().progress(ref, more, 'loading')).toBe(false);
  });

  it('goes back to the queue, and counts what failed', async () => {
    const { record, ref } = await claimed();
    const waiting = await restores().retryLater(ref, failure(), later(5_000));
    expect(waiting).toMatchObject({ status: 'pending', failures: 1, jobNumber: 2, nextAttemptAt: later(5_000) });
    const isDue = async (now: Date) =>
      (await restores().pendingDue(now)).some(({ restoreId }) => restoreId === record.restoreId);
    expect([await isDue(later(4_000)), await isDue(later(5_000))]).toEqual([false, true]);
    expect(await restores().uses(record.backupId)).toBe(true);
  });

  it('lost three times has failed, and people are to be told once', async () => {
    const { restoreId } = await insert();
    for (let lost = 1; lost <= 3; lost += 1) {
      const claim = (await restores().claim(restoreId, 'host/1', at))?.claim;
      await restores().expire(restoreId, { fence: claim?.fence ?? 0, beat: claim?.beat ?? 0 }, at);
    }
    expect(await restores().find(restoreId)).toMatchObject({ status: 'failed', error: { code: 'worker-lost' } });
    const untold = async () => (await restores().unalerted()).some((record) => record.restoreId === restoreId);
    expect(await untold()).toBe(true);
    await restores().alerted(restoreId);
    expect(await untold()).toBe(false);
  });

  it.each([
    ['while it loaded', false],
    ['when it had said that it gives names', true],
  ])('F41 lost three times %s is claimed once more, for what may lie in the target', async (_when, isRenaming) => {
    const { restoreId } = await insert();
    const lose = async () => {
      const record = await restores().claim(restoreId, 'host/1', at);
      const { fence = 0, beat = 0 } = record?.claim ?? {};
      if (fence === 1) expect(await restores().beginLoading({ id: restoreId, fence })).toBe(true);
      if (fence === 1 && isRenaming)
        expect(await restores().beginRenaming({ id: restoreId, fence }, false)).toBe('renaming');
      const after = await restores().expire(restoreId, { fence, beat }, at);
      return [record !== null && isPoisonous(record), after?.status];
    };
    for (let lost = 1; lost <= 3; lost += 1) expect(await lose()).toEqual([false, 'pending']);
    for (let lost = 4; lost <= 5; lost += 1) expect(await lose()).toEqual([true, 'pending']);
    expect(await lose()).toEqual([true, 'failed']);
    const code = isRenaming ? 'restore/unfinished' : 'worker-lost';
    expect(await restores().find(restoreId)).toMatchObject({ error: { code } });
  });
});

describe('a cancel', () => {
  it('ends what was never begun', async () => {
    const { restoreId, backupId } = await insert();
    expect(await restores().requestCancel(restoreId, at)).toBe('cancelled');
    expect(await restores().find(restoreId)).toMatchObject({ status: 'cancelled', completedAt: at });
    expect(await restores().uses(backupId)).toBe(false);
    expect(await restores().requestCancel(restoreId, at)).toBe('too-late');
    expect(await restores().requestCancel('restore-20261123T090000Z-zzzzzz', at)).toBe('not-found');
  });

  it('is seen by the worker, and by the one that takes over from a lost one', async () => {
    const { record, ref } = await claimed();
    expect(await restores().requestCancel(record.restoreId, at)).toBe('requested');
    expect(await restores().look(ref)).toEqual({ state: 'held', cancelRequested: true });
    expect(await restores().beginRenaming(ref, false)).toBe('cancelled');
    await restores().expire(record.restoreId, { fence: 1, beat: 1 }, at);
    expect(await restores().claim(record.restoreId, 'host/2', at)).toMatchObject({ cancelRequestedAt: at });
    const second = { id: record.restoreId, fence: 2 };
    expect(await restores().cancelled(second, at, null)).toMatchObject({ status: 'cancelled' });
  });

  it('of one that failed and waits brings its worker at once, to look after the target', async () => {
    const { record, ref } = await claimed();
    await restores().retryLater(ref, failure(), later(60_000));
    expect(await restores().requestCancel(record.restoreId, at)).toBe('requested');
    expect((await restores().find(record.restoreId))?.nextAttemptAt).toBeNull();
  });

  it('F41 waits while something may lie in the target: the next run looks after it first', async () => {
    const { record, ref } = await claimed();
    expect(await restores().beginLoading(ref)).toBe(true);
    expect(await restores().requestCancel(record.restoreId, at)).toBe('requested');
    expect(await restores().retryLater(ref, failure(), later(1))).toMatchObject({
      ...{ status: 'pending', mayLeave: true, cancelRequestedAt: at },
    });
    expect(await restores().beginLoading(ref)).toBe(false);
  });

  it('is refused while names are given, also when that is waiting to be finished', async () => {
    const { record, ref } = await claimed();
    expect(await restores().beginRenaming(ref, false)).toBe('renaming');
    expect(await restores().requestCancel(record.restoreId, at)).toBe('too-late');
    await restores().retryLater(ref, failure('restore/unfinished'), later(1));
    expect(await restores().find(record.restoreId)).toMatchObject({ status: 'pending', phase: 'renaming' });
    expect(await restores().requestCancel(record.restoreId, at)).toBe('too-late');
    await restores().claim(record.restoreId, 'host/2', at);
    const second = { id: record.restoreId, fence: 2 };
    // The target was put back after all.
    await restores().retryLater(second, failure(), later(1));
    expect(await restores().requestCancel(record.restoreId, at)).toBe('requested');
  });
});

it('lists by page, state, target and backup, without what is long', async () => {
  const targetName = newTarget();
  const backupId = await backup();
  const { ref } = await claimed({ backupId, targetName, mode: 'scratch', createdAt: later(1) });
  await insert({ backupId, targetName, mode: 'scratch', createdAt: later(2) });
  await insert({ backupId, targetName, mode: 'scratch', createdAt: later(3) });
  await restores().complete(ref, { at, report });
  const page = { page: 1, limit: 2, targetName, sortOrder: 'desc' } as const;
  const first = await restores().list(page);
  expect(first.total).toBe(3);
  expect(first.data.map(({ createdAt }) => createdAt)).toEqual([later(3), later(2)]);
  const second = await restores().list({ ...page, page: 2 });
  expect(second.data).toMatchObject([{ status: 'completed', report: { documents: 3, namespaces: [] } }]);
  expect((await restores().list({ ...page, status: 'completed' })).total).toBe(1);
  expect((await restores().list({ ...page, backupId, from: later(2), to: later(2) })).total).toBe(1);
  expect(await restores().latest(targetName)).toMatchObject({ restoreId: ref.id });
});

describe('upkeep', () => {
  const clock = new MovedClock('2026-11-23T10:00:00Z');
  const jobs = new TestJobSink();
  const options = (): UpkeepOptions => ({
    ...{ catalog: world.catalog, jobs, clock, lease: { leaseMs: 5_000, reaperMs: 1_000 } },
    ...{ verify: { level: null, reverifyDays: null }, channels: ['log'] },
  });

  it('takes a restore from a worker that shows no life, and gives lost jobs again', async () => {
    const { record } = await claimed();
    const reaper = new Reaper(options());
    await reaper.look();
    for (let second = 0; second < 6; second += 1) {
      clock.pass(1_000);
      await reaper.look();
    }
    expect(await restores().find(record.restoreId)).toMatchObject({ status: 'pending', jobNumber: 2 });
    expect(jobs.live()).toContain(restoreJob({ ...record, jobNumber: 2 }).jobId);

    const { restoreId } = await insert();
    await new Reconciler(options()).look();
    expect(jobs.live()).toContain(`${restoreId}-2`);
  });

  it('raises an alert for each restore that failed, and clears it when one into the target succeeds', async () => {
    const targetName = newTarget();
    const fail = async () => {
      const { ref } = await claimed({ targetName });
      await restores().fail(ref, failure());
      return ref.id;
    };
    const told = async (ids: string[]) => {
      const report = await new Reconciler(options()).look();
      return ids.map((id) => report.notifications.includes(`restore-failed-${id}`));
    };
    const ids = [await fail(), await fail()];
    expect(await told(ids)).toEqual([true, true]);
    expect(await told(ids)).toEqual([false, false]);
    const raised = async () => (await world.catalog.alerts.raised()).filter(({ target }) => target === targetName);
    expect(await raised()).toMatchObject([{ kind: 'restore-failed' }]);
    const { ref } = await claimed({ targetName });
    await restores().complete(ref, { at: new Date(), report });
    await told([]);
    expect(await raised()).toEqual([]);
  });
});
