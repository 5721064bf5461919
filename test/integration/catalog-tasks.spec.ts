import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Catalog, ClaimRef, NewAlert } from '#catalog';
import {
  catalogWorld,
  completedBackup,
  failure,
  newTarget,
  verifyTask,
  type CatalogWorld,
} from '../support/catalog-world.js';

// Verifications, cleanups, alerts, schedules and the small collections, on the real server.

let world: CatalogWorld;
let catalog: Catalog;
let other: Catalog;
beforeAll(async () => {
  world = await catalogWorld();
  catalog = world.catalog;
  other = await world.another();
}, 30_000);
afterAll(() => world.close(), 30_000);

const at = new Date('2026-11-23T02:00:00.000Z');
const later = (ms: number) => new Date(at.getTime() + ms);

async function claimedTask(): Promise<{ backupId: string; ref: ClaimRef }> {
  const backupId = await completedBackup(catalog, newTarget());
  const task = verifyTask(backupId);
  await catalog.tasks.insert(task);
  const claimed = await catalog.tasks.claim(task.taskId, 'host/1/a', at);
  return { backupId, ref: { id: task.taskId, fence: claimed?.claim.fence ?? 0 } };
}

describe('tasks', () => {
  it('one verification of a backup at a time, whoever asks first', async () => {
    const backupId = await completedBackup(catalog, newTarget());
    expect(await catalog.tasks.nextVerificationNumber(backupId)).toBe(1);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? catalog : other).tasks.insert(verifyTask(backupId, 1 + (index % 3))),
      ),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await catalog.tasks.uses(backupId)).toBe(true);
  });

  it('a verification is a use: it is taken on a completed backup only', async () => {
    const backupId = await completedBackup(catalog, newTarget());
    await catalog.backups.beginDelete(backupId, 'ann', at);
    expect(await catalog.tasks.insert(verifyTask(backupId))).toBe(false);
    expect(await catalog.tasks.uses(backupId)).toBe(false);
    expect(await catalog.tasks.find(`${backupId}-v1`)).toBeNull();
  });

  it('verifying and deleting at the same moment: at least one gives way', async () => {
    for (let round = 0; round < 10; round += 1) {
      const backupId = await completedBackup(catalog, newTarget());
      const [verifies, deletes] = await Promise.all([
        catalog.tasks.insert(verifyTask(backupId)),
        other.backups.beginDelete(backupId, 'ann', at).then(async () => !(await other.tasks.uses(backupId))),
      ]);
      expect(verifies && deletes).toBe(false);
    }
  });

  it('of ten claims one wins; numbers rise with each verification', async () => {
    const backupId = await completedBackup(catalog, newTarget());
    const task = verifyTask(backupId);
    await catalog.tasks.insert(task);
    const claims = await Promise.all(Array.from({ length: 10 }, () => catalog.tasks.claim(task.taskId, 'w', at)));
    const [claimed, ...more] = claims.filter((record) => record !== null);
    expect(more).toEqual([]);
    const ref = { id: task.taskId, fence: claimed?.claim.fence ?? 0 };
    expect(await catalog.tasks.beat(ref)).toEqual({ state: 'held', cancelRequested: false });
    expect(await catalog.tasks.complete(ref, { at, result: null })).toMatchObject({
      status: 'completed',
      completedAt: at,
    });
    expect(await catalog.tasks.uses(backupId)).toBe(false);
    expect(await catalog.tasks.nextVerificationNumber(backupId)).toBe(2);
    expect((await catalog.tasks.unrecorded()).map(({ taskId }) => taskId)).toContain(task.taskId);
    const ended = await catalog.tasks.find(task.taskId);
    if (ended !== null) await catalog.backups.verified(backupId, ended, null);
    expect((await catalog.tasks.unrecorded()).map(({ taskId }) => taskId)).not.toContain(task.taskId);
  });

  const writes: Record<string, (ref: ClaimRef) => Promise<unknown>> = {
    beat: (ref) => catalog.tasks.beat(ref),
    complete: (ref) => catalog.tasks.complete(ref, { at, result: null }),
    fail: (ref) => catalog.tasks.fail(ref, failure()),
    retryLater: (ref) => catalog.tasks.retryLater(ref, failure(), at),
  };
  it.each(Object.keys(writes))('after another claim %s changes nothing', async (name) => {
    const { ref } = await claimedTask();
    const task = await catalog.tasks.find(ref.id);
    await catalog.tasks.expire(ref.id, task?.claim ?? { fence: 0, beat: 0 }, at);
    await catalog.tasks.claim(ref.id, 'host/2/b', at);
    const before = await catalog.tasks.find(ref.id);
    expect([null, { state: 'lost' }]).toContainEqual(await writes[name]?.(ref));
    expect(await catalog.tasks.find(ref.id)).toEqual(before);
  });

  it('retries, and fails at the third lost claim', async () => {
    const { backupId, ref } = await claimedTask();
    const due = later(60_000);
    expect(await catalog.tasks.retryLater(ref, failure('store/unreachable'), due)).toMatchObject({
      ...{ status: 'pending', failures: 1, jobNumber: 2, nextAttemptAt: due, error: { code: 'store/unreachable' } },
    });
    const isDue = async (now: Date) => (await catalog.tasks.pendingDue(now)).some(({ taskId }) => taskId === ref.id);
    expect([await isDue(at), await isDue(due)]).toEqual([false, true]);
    const statuses: (string | undefined)[] = [];
    for (let round = 0; round < 3; round += 1) {
      const claimed = await catalog.tasks.claim(ref.id, 'host/1/a', at);
      const expired = await catalog.tasks.expire(ref.id, claimed?.claim ?? { fence: 0, beat: 0 }, at);
      statuses.push(expired?.status);
    }
    expect(statuses).toEqual(['pending', 'pending', 'failed']);
    expect(await catalog.tasks.find(ref.id)).toMatchObject({ error: { code: 'worker-lost' } });
    expect(await catalog.tasks.uses(backupId)).toBe(false);
  });

  it('keeps the result of a cleanup, and finds the last real one', async () => {
    const ids: string[] = [];
    for (const dryRun of [false, true]) {
      const taskId = `cleanup-${dryRun ? 'dry' : 'real'}-${newTarget()}`;
      const cleanup = { target: null, dryRun, confirm: null };
      const fields = { kind: 'cleanup', createdAt: at, correlationId: 'c', backupId: null, level: null } as const;
      expect(await catalog.tasks.insert({ taskId, ...fields, cleanup })).toBe(true);
      expect(await catalog.tasks.insert({ taskId, ...fields, cleanup })).toBe(false);
      const claimed = await catalog.tasks.claim(taskId, 'w', at);
      const result = {
        decisions: [{ backupId: 'b', decision: 'keep', reasons: ['last 3'] }] as const,
        ...{ dryRun, removed: 1, freedBytes: 2, orphansRemoved: 3, recordsPurged: 4, reports: ['foreign'] },
      };
      const ref = { id: taskId, fence: claimed?.claim.fence ?? 0 };
      expect(await catalog.tasks.complete(ref, { at: later(dryRun ? 2000 : 1000), result })).toMatchObject({ result });
      ids.push(taskId);
    }
    expect(await catalog.tasks.lastCleanup()).toMatchObject({ taskId: ids[0] });
    expect(await catalog.tasks.purge(at)).toBe(0);
  });

  it('a withdrawn verification was never asked for', async () => {
    const backupId = await completedBackup(catalog, newTarget());
    const isNew = async () =>
      (await catalog.backups.needVerification(new Date(0), 1000)).some((record) => record.backupId === backupId);
    expect(await isNew()).toBe(true);
    await catalog.tasks.insert(verifyTask(backupId));
    expect(await isNew()).toBe(false);
    expect(await catalog.tasks.withdraw(`${backupId}-v1`)).toBe(true);
    expect(await isNew()).toBe(true);
  });
});

describe('alerts', () => {
  const alert = (key: string, more: Partial<NewAlert> = {}): NewAlert => ({
    ...{ key, kind: 'overdue', target: 'clinic', backupId: null, correlationId: null, message: 'late', hint: null, at },
    channels: ['email', 'webhook'],
    ...more,
  });

  it('is raised once, cleared once, and may be raised again', async () => {
    const key = `overdue/${newTarget()}`;
    const raised = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? catalog : other).alerts.raise(alert(key))),
    );
    expect(raised.filter((notification) => notification !== null)).toHaveLength(1);
    expect(await catalog.alerts.raised()).toContainEqual({ key, kind: 'overdue', target: 'clinic', since: at });
    const recovered = { message: 'fine again', at: later(1), target: 'clinic', backupId: null };
    const cleared = await Promise.all([catalog, other].map(({ alerts }) => alerts.clear(key, recovered)));
    expect(cleared.filter((notification) => notification !== null)).toMatchObject([
      {
        kind: 'recovered',
        of: 'overdue',
        message: 'fine again',
        deliveries: [{ channel: 'email' }, { channel: 'webhook' }],
      },
    ]);
    expect(await catalog.alerts.raise(alert(key))).not.toBeNull();
  });

  it('each failed backup is told of once, though its target is raised already', async () => {
    const key = `backup-failed/${newTarget()}`;
    const failed = (backupId: string) => alert(key, { kind: 'backup-failed', backupId: `${key}-${backupId}` });
    expect(await catalog.alerts.raise(failed('1'))).not.toBeNull();
    expect(await catalog.alerts.raise(failed('2'))).not.toBeNull();
    expect(await catalog.alerts.raise(failed('1'))).toBeNull();
    expect((await catalog.alerts.raised()).filter((state) => state.key === key)).toHaveLength(1);
    await catalog.alerts.clear(key, { message: 'fine', at, target: null, backupId: null });
    expect(await catalog.alerts.raise(failed('2'))).toBeNull();
    expect((await catalog.alerts.raised()).filter((state) => state.key === key)).toEqual([]);
  });

  it('a recovery whose notification a crash prevented is found later', async () => {
    const key = `overdue/${newTarget()}`;
    await catalog.alerts.raise(alert(key));
    const recovery = { notificationId: `n-lost-${key}`, message: 'fine', at, target: null, backupId: null };
    await world.client
      .db(world.database)
      .collection('notifications')
      .updateOne({ raised: key }, { $unset: { raised: 1 }, $set: { recovery } });
    const undelivered = await catalog.alerts.undelivered(later(1));
    expect(undelivered).toContainEqual(
      expect.objectContaining({ notificationId: `n-lost-${key}`, kind: 'recovered', takes: 0 }),
    );
    expect(await catalog.alerts.undelivered(later(1))).toHaveLength(undelivered.length);
  });

  it('one delivers at a time, channel by channel', async () => {
    const notification = await catalog.alerts.raise(alert(`overdue/${newTarget()}`));
    const id = notification?.notificationId ?? '';
    const waits = async (now: Date) =>
      (await catalog.alerts.undelivered(now)).find(({ notificationId }) => notificationId === id);
    expect(await waits(at)).toMatchObject({ takes: 0 });
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, index) => catalog.alerts.takeDelivery(id, `w${index}`, at)),
    );
    expect(taken.filter((one) => one !== null)).toHaveLength(1);
    expect(await waits(later(99_000_000))).toBeUndefined();
    expect(await catalog.alerts.expireDelivery(id, 0)).toBe(false);
    expect(await catalog.alerts.expireDelivery(id, 1)).toBe(true);
    expect(await waits(at)).toMatchObject({ takes: 1 });
    await catalog.alerts.takeDelivery(id, 'w1', at);
    await catalog.alerts.recordDelivery(id, 'email', { at, error: null, nextAttemptAt: null });
    await catalog.alerts.recordDelivery(id, 'webhook', { at, error: 'refused', nextAttemptAt: later(10_000) });
    expect(await catalog.alerts.findNotification(id)).toMatchObject({
      deliveries: [
        { channel: 'email', status: 'delivered', attempts: 1, deliveredAt: at },
        { channel: 'webhook', status: 'pending', attempts: 1, lastError: 'refused', nextAttemptAt: later(10_000) },
      ],
    });
    expect(await waits(later(9_999))).toBeUndefined();
    expect(await waits(later(10_000))).toMatchObject({ takes: 2 });
    expect(await catalog.alerts.takeDelivery(id, 'w9', later(10_000))).not.toBeNull();
    await catalog.alerts.recordDelivery(id, 'webhook', { at, error: 'gone', nextAttemptAt: null });
    expect(await catalog.alerts.takeDelivery(id, 'w9', later(10_000))).toBeNull();
    expect(await waits(later(99_000_000))).toBeUndefined();
  });
});

describe('schedules', () => {
  it('slots only move forward; a pause ends with nothing missed', async () => {
    const target = newTarget();
    expect(await catalog.schedules.find(target)).toBeNull();
    await Promise.all([later(2000), at, later(1000)].map((slot) => catalog.schedules.advance(target, slot)));
    const state = await catalog.schedules.find(target);
    expect(state?.lastSlot).toEqual(later(2000));
    await catalog.schedules.pause(target, 'ann', at);
    expect(await catalog.schedules.find(target)).toMatchObject({
      pausedAt: at,
      pausedBy: 'ann',
      lastSlot: later(2000),
    });
    await catalog.schedules.resume(target, later(9000));
    await catalog.schedules.resume(target, later(99_000));
    expect(await catalog.schedules.find(target)).toEqual({
      ...{ target, lastSlot: later(9000), firstSlot: later(9000), pausedAt: null, pausedBy: null, plan: null },
    });
    const paused = newTarget();
    await catalog.schedules.pause(paused, 'ann', at);
    await catalog.schedules.resume(paused, at);
    await catalog.schedules.advance(paused, later(5));
    expect((await catalog.schedules.all()).find((one) => one.target === paused)).toMatchObject({
      firstSlot: at,
      lastSlot: later(5),
    });
  });

  it('the first slot is where it begins to count', async () => {
    const target = newTarget();
    await catalog.schedules.advance(target, at);
    await catalog.schedules.advance(target, later(1000));
    expect(await catalog.schedules.find(target)).toMatchObject({ firstSlot: at, lastSlot: later(1000) });
  });
});

it('workers publish, the store is bound once, the audit log grows', async () => {
  const report = {
    ...{
      workerId: 'host/1/a',
      version: '1',
      startedAt: at,
      beatSeconds: 20,
      host: 'h',
      nodeVersion: 'v24',
    },
    ...{
      tools: { mongodump: '100.18.0' },
      keyIds: ['0123456789abcdef'],
      storeId: null,
      storeLocation: 's3',
      storeFreeBytes: null,
    },
    ...{ storeOk: null, storeDetail: null },
    targets: [
      {
        target: 'clinic',
        reachable: true,
        serverVersion: '7',
        topology: null,
        detail: null,
        checkedAt: at,
        databases: ['a'],
      },
    ],
    restoreTargets: [
      {
        ...{ target: 'staging', scratch: true, reachable: true, serverVersion: '7' },
        ...{ topology: null, detail: null, checkedAt: at },
      },
    ],
  };
  await catalog.workers.publish(report);
  await catalog.workers.publish({ ...report, tools: {} });
  // The server says when: clocks of workers and API may differ.
  const published = {
    ...report,
    tools: {},
    look: null,
    currentKeyIds: null,
    openingKeyIds: null,
    destinations: [],
    beatAt: expect.any(Date),
    sinceBeatMs: expect.any(Number),
  } as unknown;
  const [seen] = await catalog.workers.all();
  expect([seen]).toEqual([published]);
  expect(Math.abs(seen?.sinceBeatMs ?? Infinity)).toBeLessThan(10_000);
  const ofWorkers = world.client.db(world.database).collection('workers');
  await ofWorkers.updateOne({}, { $set: { beatAt: new Date(Date.now() - 3_600_000) } });
  expect((await catalog.workers.all())[0]?.sinceBeatMs).toBeGreaterThan(3_540_000);
  // A worker that was killed is forgotten after a day.
  expect(await ofWorkers.indexes()).toContainEqual(
    expect.objectContaining({ key: { beatAt: 1 }, expireAfterSeconds: 86_400 }),
  );
  await catalog.workers.remove('host/1/a');
  expect(await catalog.workers.all()).toEqual([]);

  expect(await catalog.settings.storeId()).toBeNull();
  await Promise.all([catalog, other].map(({ settings }) => settings.bindStore('a'.repeat(32))));
  await expect(catalog.settings.bindStore('b'.repeat(32))).rejects.toMatchObject({ code: 'store/changed' });
  expect(await catalog.settings.storeId()).toBe('a'.repeat(32));

  const entry = {
    role: 'admin',
    address: null,
    correlationId: null,
    resource: 'b',
    outcome: 'success',
    detail: null,
  } as const;
  await catalog.audit.append({ at, event: 'sensitive_delete', actor: 'ann', ...entry });
  expect(await world.client.db(world.database).collection('auditlog').countDocuments({ actor: 'ann' })).toBe(1);
});
