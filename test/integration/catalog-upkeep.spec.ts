import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Upkeep, type Catalog, type ClaimRef, type UpkeepOptions } from '#catalog';
import type { BackupRecord, Clock } from '#contracts';
import {
  catalogWorld,
  completeBackup,
  completedBackup,
  failure,
  manualBackup,
  slotBackup,
  verifyTask,
  type CatalogWorld,
} from '../support/catalog-world.js';
import { TestJobSink } from '../support/job-sink.js';

// Reaper and reconciler on the real server, with a clock and a queue in the test's hands.

const second = 1000;
const hour = 3_600 * second;
const day = 24 * hour;
const lease = { leaseMs: 120 * second, reaperMs: 30 * second };
const start = new Date('2026-11-23T02:00:00.000Z');

let world: CatalogWorld;
let catalog: Catalog;
let jobs: TestJobSink;
let passed = 0;
const clock: Clock = { now: () => new Date(start.getTime() + passed), monotonicMs: () => 777 + passed };

beforeEach(async () => {
  passed = 0;
  jobs = new TestJobSink();
  world = await catalogWorld({ clock });
  catalog = world.catalog;
}, 30_000);
afterEach(() => world.close(), 30_000);

function upkeep(more: Partial<UpkeepOptions> = {}): Upkeep {
  const verify = { level: null, reverifyDays: null };
  return new Upkeep({ catalog, jobs, clock, lease, verify, channels: ['email'], ...more });
}

async function claimed(more = {}): Promise<{ id: string; target: string; ref: ClaimRef }> {
  const backup = manualBackup('clinic', { createdAt: clock.now(), ...more });
  await catalog.backups.insert(backup);
  const record = await catalog.backups.claim(backup.backupId, 'host/1/a', clock.now());
  return { id: backup.backupId, target: 'clinic', ref: { id: backup.backupId, fence: record?.claim.fence ?? 0 } };
}

const status = async (id: string): Promise<BackupRecord['status'] | undefined> =>
  (await catalog.backups.find(id))?.status;

/** Looks of a reaper until the lease time has passed. */
async function reap({ reaper }: Upkeep, looks = 5) {
  let report = await reaper.look();
  for (let look = 1; look < looks; look += 1) {
    passed += lease.reaperMs;
    report = await reaper.look();
  }
  return report;
}

describe('the reaper', () => {
  it('brings back what a lost worker had, with a new job; several at once do it once', async () => {
    const { id } = await claimed();
    const reapers = [upkeep(), upkeep(), upkeep()];
    for (let look = 0; look < 5; look += 1) {
      const reports = await Promise.all(reapers.map(({ reaper }) => reaper.look()));
      const expired = reports.flatMap((report) => report.expired);
      expect(expired).toEqual(look < 4 ? [] : [{ id, status: 'pending' }]);
      passed += lease.reaperMs;
    }
    expect(jobs.live()).toEqual([`${id}-2`]);
  });

  it('leaves alone what beats, and begins anew after it slept', async () => {
    const { id, ref } = await claimed();
    const sut = upkeep();
    await reap(sut, 4);
    await catalog.backups.beat(ref);
    expect((await reap(sut, 4)).expired).toEqual([]);
    passed += lease.leaseMs;
    expect((await sut.reaper.look()).expired).toEqual([]);
    expect(await status(id)).toBe('in_progress');
  });

  it('ends poison with an alert, and gives the place to the slot that waits', async () => {
    const { id } = await claimed();
    const slot = slotBackup('clinic', new Date('2026-11-23T03:00:00.000Z'));
    await catalog.backups.insert(slot);
    const sut = upkeep();
    for (const expected of ['pending', 'pending', 'failed']) {
      expect((await reap(sut)).expired).toEqual([{ id, status: expected }]);
      await catalog.backups.claim(id, 'host/1/a', clock.now());
    }
    expect(await catalog.backups.find(id)).toMatchObject({ status: 'failed', error: { code: 'worker-lost' } });
    expect(await catalog.backups.find(slot.backupId)).toMatchObject({ running: true });
    expect(jobs.live()).toEqual([`${id}-2`, `${id}-3`, `${slot.backupId}-1`, `backup-failed-${id}-0`].sort());
  });

  it('never queues a `cli` record to dump; once committed any worker finishes it', async () => {
    const left = manualBackup('left', { trigger: 'cli' });
    await catalog.backups.insert(left);
    const { id, ref } = await claimed({ trigger: 'cli' });
    const sut = upkeep();
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([]);
    await catalog.backups.recordCommit(ref, { attempt: 1, bytes: '{}' });
    await reap(sut);
    expect(await catalog.backups.find(left.backupId)).toMatchObject({
      status: 'failed',
      error: { code: 'owner-gone' },
    });
    expect(await status(id)).toBe('pending');
    expect(jobs.live()).toContain(`${id}-2`);
    expect(jobs.live()).not.toContain(`${left.backupId}-2`);
  });

  it('expires tasks too; a failed verification is noted on its backup and told of', async () => {
    const id = await completedBackup(catalog, 'clinic', {}, clock.now());
    await catalog.tasks.insert(verifyTask(id, 1, { createdAt: clock.now() }));
    const sut = upkeep();
    for (let round = 0; round < 3; round += 1) {
      await catalog.tasks.claim(`${id}-v1`, 'host/1/a', clock.now());
      await reap(sut);
    }
    expect(await catalog.tasks.find(`${id}-v1`)).toMatchObject({ status: 'failed' });
    expect((await sut.reconciler.look()).notifications).toHaveLength(1);
    expect(await catalog.backups.find(id)).toMatchObject({ verifications: [{ status: 'failed' }] });
    expect(await catalog.alerts.raised()).toMatchObject([{ key: `verification-failed/${id}` }]);
    expect((await sut.reconciler.look()).notifications).toEqual([]);
  });

  it('a queue that is down is a problem of the report; the reconciler adds the job later', async () => {
    const { id } = await claimed();
    const sut = upkeep();
    jobs.down = true;
    expect((await reap(sut)).problems).toMatchObject([{ code: 'queue/unavailable' }]);
    expect(await status(id)).toBe('pending');
    expect((await sut.reconciler.look()).problems.length).toBeGreaterThan(0);
    jobs.down = false;
    await sut.reconciler.look();
    expect(jobs.live()).toHaveLength(1);
  });
});

describe('the reconciler', () => {
  it('gives every pending record and task a job again when Redis lost them all, once', async () => {
    const backup = manualBackup('clinic');
    await catalog.backups.insert(backup);
    const kept = await completedBackup(catalog, 'other', {}, clock.now());
    await catalog.tasks.insert(verifyTask(kept, 1, { createdAt: clock.now() }));
    const sut = upkeep();
    await sut.reconciler.look();
    const first = jobs.live();
    expect(first).toEqual([`${backup.backupId}-2`, `${kept}-v1-2`].sort());
    await sut.reconciler.look();
    expect(jobs.live()).toEqual(first);
    for (const id of first) jobs.finish(id);
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([`${backup.backupId}-3`, `${kept}-v1-3`].sort());
    jobs.lose();
    await sut.reconciler.look();
    expect(jobs.live()).toHaveLength(2);
  });

  it('leaves a retry alone until it is due', async () => {
    const { id, ref } = await claimed();
    await catalog.backups.retryLater(ref, failure(), new Date(clock.now().getTime() + 60 * second));
    const sut = upkeep();
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([]);
    passed += 60 * second;
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([`${id}-3`]);
  });

  it('promotes the slot whose place became free while nobody looked', async () => {
    const { id, target, ref } = await claimed();
    const slot = slotBackup(target, new Date('2026-11-23T03:00:00.000Z'));
    await catalog.backups.insert(slot);
    const sut = upkeep();
    expect((await sut.reconciler.look()).promoted).toEqual([]);
    await catalog.backups.cancelled(ref, clock.now());
    expect(await status(id)).toBe('cancelled');
    expect((await sut.reconciler.look()).promoted).toEqual([slot.backupId]);
    expect(jobs.live()).toContain(`${slot.backupId}-1`);
  });

  it('makes the verification of each completed backup, once', async () => {
    const ids = [
      await completedBackup(catalog, 'a', {}, clock.now()),
      await completedBackup(catalog, 'b', {}, clock.now()),
    ];
    const wish = { verify: { level: 'readable', reverifyDays: null } } as const;
    const reports = await Promise.all([upkeep(wish), upkeep(wish)].map(({ reconciler }) => reconciler.look()));
    const made = reports.flatMap((report) => report.verifications).sort();
    expect(made).toEqual(ids.map((id) => `${id}-v1`).sort());
    expect((await upkeep(wish).reconciler.look()).verifications).toEqual([]);
    expect(jobs.live().length).toBeGreaterThanOrEqual(2);
  });

  it('verifies again what is old, a few at a time, the longest waiting first', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      passed = index * second;
      const id = await completedBackup(catalog, `t${index}`, {}, clock.now());
      await catalog.tasks.insert(verifyTask(id, 1, { createdAt: clock.now() }));
      const task = await catalog.tasks.claim(`${id}-v1`, 'w', clock.now());
      const done = await catalog.tasks.complete(
        { id: `${id}-v1`, fence: task?.claim.fence ?? 0 },
        { at: clock.now(), result: null },
      );
      if (done !== null) await catalog.backups.verified(id, done, null);
      ids.push(id);
    }
    const sut = upkeep({ verify: { level: 'readable', reverifyDays: 30 } });
    passed = 29 * day;
    expect((await sut.reconciler.look()).verifications).toEqual([]);
    passed = 31 * day;
    expect((await sut.reconciler.look()).verifications).toEqual([`${ids[0] ?? ''}-v2`]);
    expect((await sut.reconciler.look()).verifications).toEqual([]);
    const task = await catalog.tasks.claim(`${ids[0] ?? ''}-v2`, 'w', clock.now());
    await catalog.tasks.complete({ id: task?.taskId ?? '', fence: 1 }, { at: clock.now(), result: null });
    expect((await sut.reconciler.look()).verifications).toEqual([`${ids[1] ?? ''}-v2`]);
  });

  it('verifies again also where new backups are not verified, and then only what is old', async () => {
    const id = await completedBackup(catalog, 'a', {}, clock.now());
    const sut = upkeep({ verify: { level: null, reverifyDays: 30 } });
    passed = 29 * day;
    expect((await sut.reconciler.look()).verifications).toEqual([]);
    passed = 31 * day;
    expect((await sut.reconciler.look()).verifications).toEqual([`${id}-v1`]);
    expect(await catalog.tasks.find(`${id}-v1`)).toMatchObject({ level: 'readable' });
  });

  it('a verification that could not be made is no verdict: nobody is alarmed, and it is tried again within hours', async () => {
    const id = await completedBackup(catalog, 'a', {}, clock.now());
    const sut = upkeep({ verify: { level: 'readable', reverifyDays: 30 } });
    await sut.reconciler.look();
    const task = await catalog.tasks.claim(`${id}-v1`, 'w', clock.now());
    const ref = { id: `${id}-v1`, fence: task?.claim.fence ?? 0 };
    await catalog.tasks.fail(ref, { ...failure('store/unreachable'), at: clock.now() });
    expect((await sut.reconciler.look()).notifications).toEqual([]);
    expect(await catalog.backups.failedVerifications()).toEqual([]);
    expect((await catalog.backups.find(id))?.events.at(-1)?.type).toBe('verification-not-made');
    passed = 1 * hour;
    expect((await sut.reconciler.look()).verifications).toEqual([]);
    passed = 3 * hour;
    expect((await sut.reconciler.look()).verifications).toEqual([`${id}-v2`]);
  });

  it('tells of what is missing and stands in no destination, once, and once more when it is there again', async () => {
    const [lost, kept] = [
      await completedBackup(catalog, 'a', {}, clock.now()),
      await completedBackup(catalog, 'b', {}, clock.now()),
    ];
    await catalog.copies.plan({ destination: 'vault', targets: ['b'], ownRetention: false });
    const copy = await catalog.copies.claimNext('vault', 'w', clock.now());
    const ref = { id: copy?.copyId ?? '', fence: copy?.claim.fence ?? 0 };
    await catalog.copies.copied(ref, { at: clock.now(), stamp: 'x', bytes: 4096, lockedUntil: null, verifyAt: null });
    // Said by a command, which has no channels.
    for (const id of [lost, kept]) await catalog.backups.markMissing(id, true, clock.now());
    const sut = upkeep();
    expect((await sut.reconciler.look()).notifications).toHaveLength(1);
    expect(await catalog.alerts.raised()).toMatchObject([{ key: `missing/${lost}` }]);
    expect((await sut.reconciler.look()).notifications).toEqual([]);
    await catalog.backups.markMissing(lost, false, clock.now());
    expect((await sut.reconciler.look()).notifications).toHaveLength(1);
    expect(await catalog.alerts.raised()).toEqual([]);
    await catalog.copies.startAnew('vault');
    await sut.reconciler.look();
    expect(await catalog.alerts.raised()).toMatchObject([{ key: `missing/${kept}` }]);
  });

  it('finishes deletions and marks, with a new job for every try', async () => {
    const gone = await completedBackup(catalog, 'a', {}, clock.now());
    await catalog.backups.beginDelete(gone, 'ann', clock.now());
    const pinned = await completedBackup(catalog, 'b', {}, clock.now());
    await catalog.backups.setMarks(pinned, { pinned: true });
    const sut = upkeep();
    await sut.reconciler.look();
    const first = jobs.live();
    expect(first).toEqual([`delete-${gone}-2`, `marks-${pinned}-1-2`].sort());
    await sut.reconciler.look();
    expect(jobs.live()).toEqual(first);
    for (const id of first) jobs.finish(id);
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([`delete-${gone}-3`, `marks-${pinned}-1-3`].sort());
  });
});

describe('alerts', () => {
  it('tells of each failed backup once, and once that all is well again', async () => {
    const fail = async (): Promise<string> => {
      passed += second;
      const { id, ref } = await claimed();
      await catalog.backups.fail(ref, { ...failure(), at: clock.now() }, null);
      return id;
    };
    const sut = upkeep();
    const first = await fail();
    const reports = await Promise.all([sut, upkeep(), upkeep()].map((one) => one.afterRun('clinic')));
    expect(reports.flatMap((report) => report.notifications)).toEqual([`backup-failed-${first}`]);
    const second_ = await fail();
    expect((await sut.reconciler.look()).notifications).toEqual([`backup-failed-${second_}`]);
    expect((await sut.reconciler.look()).notifications).toEqual([]);
    passed += second;
    await completedBackup(catalog, 'clinic', {}, clock.now());
    const recovered = (await sut.reconciler.look()).notifications;
    expect(recovered).toHaveLength(1);
    expect(await catalog.alerts.findNotification(recovered[0] ?? '')).toMatchObject({
      kind: 'recovered',
      of: 'backup-failed',
    });
    expect(await catalog.alerts.raised()).toEqual([]);
    expect((await sut.reconciler.look()).notifications).toEqual([]);
  });

  it('tells of superseded slots until the target keeps up again', async () => {
    const { id } = await claimed();
    for (const hour of [3, 4, 5])
      await catalog.backups.insert(
        slotBackup('clinic', new Date(`2026-11-23T0${hour}:00:00.000Z`), { createdAt: clock.now() }),
      );
    const sut = upkeep();
    expect((await sut.afterRun('clinic')).notifications).toHaveLength(2);
    expect(await catalog.alerts.raised()).toMatchObject([{ kind: 'superseded' }]);
    passed += second;
    const record = await catalog.backups.find(id);
    await catalog.backups.retryLater({ id, fence: record?.claim.fence ?? 0 }, failure(), clock.now());
    await completeBackup(catalog, id, 'clinic', clock.now());
    expect((await sut.afterRun('clinic')).notifications).toHaveLength(1);
    expect(await catalog.alerts.raised()).toEqual([]);
  });

  it('an undelivered notification gets a job again, with another id after each try', async () => {
    const raised = await catalog.alerts.raise({
      ...{ key: 'test/1', kind: 'test', target: null, backupId: null, correlationId: null, message: 'x', hint: null },
      ...{ at: clock.now(), channels: ['email'] },
    });
    const id = raised?.notificationId ?? '';
    const sut = upkeep();
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([`${id}-0`]);
    await catalog.alerts.takeDelivery(id, 'w', clock.now());
    jobs.finish(`${id}-0`);
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([]);
    // A wall clock that is hours ahead, of this process or the deliverer's, ends no delivery: only what stood still before our eyes does.
    expect(await catalog.alerts.undelivered(new Date(clock.now().getTime() + 5 * hour))).toEqual([]);
    expect(await catalog.alerts.takeDelivery(id, 'x', new Date(clock.now().getTime() + 5 * hour))).toBeNull();
    passed += 30 * second;
    await sut.reconciler.look();
    expect(jobs.live()).toEqual([`${id}-1`]);
    // The one that was thought dead has lost its right, and the next one has it.
    expect(await catalog.alerts.expireDelivery(id, 1)).toBe(false);
    expect(await catalog.alerts.takeDelivery(id, 'x', clock.now())).not.toBeNull();
    expect(await catalog.alerts.delivering()).toEqual([{ kind: 'delivery', id, fence: 2, beat: 0 }]);
  });
});
