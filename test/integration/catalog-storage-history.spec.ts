import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { copyStampOf } from '#catalog';
import { quotaForecast } from '#notify';
import { catalogWorld, completedBackup, type CatalogWorld } from '../support/catalog-world.js';

const dayMs = 86_400_000;
/** Of each backup of the test kit. */
const bytes = 4096;
let world: CatalogWorld;

beforeAll(async () => {
  world = await catalogWorld();
});
afterAll(() => world.close());

it('what backups took two weeks ago counts those that were deleted since', async () => {
  const now = new Date();
  const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs);
  const { backups } = world.catalog;
  const put = (days: number) => completedBackup(world.catalog, 'clinic', {}, daysAgo(days));
  const remove = async (backupId: string, days: number): Promise<void> => {
    await backups.beginDelete(backupId, 'test', daysAgo(days));
    await backups.deleted(backupId, daysAgo(days));
  };
  expect(await backups.storageHistory({}, now)).toMatchObject({ usedBytes: 0, usedBefore: 0, addedBytes: 0 });

  await remove(await put(40), 20);
  await remove(await put(30), 5);
  await put(20);
  for (const days of [10, 6, 2]) await put(days);
  await remove(await put(9), 1);
  const history = await backups.storageHistory({}, now);
  expect(history).toEqual({
    ...{ usedBytes: 4 * bytes, usedBefore: 2 * bytes, addedBytes: 4 * bytes },
    since: daysAgo(14),
  });
  expect(quotaForecast(8 * bytes, history, now)).toMatchObject({
    ...{ state: 'ok', growthPerDay: Math.round((2 * bytes) / 14), daysUntilFull: 28 },
  });
  expect(await backups.storageHistory({ target: 'nobody' }, now)).toMatchObject({ usedBytes: 0, addedBytes: 0 });
});

it('what could be restored when counts deleted backups for the time they stood, and none that was found bad', async () => {
  const now = new Date();
  const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000);
  const { backups } = world.catalog;
  const put = (hours: number) => completedBackup(world.catalog, 'restorable', {}, hoursAgo(hours));
  const remove = async (backupId: string, hours: number) => {
    await backups.beginDelete(backupId, 'test', hoursAgo(hours));
    await backups.deleted(backupId, hoursAgo(hours));
  };
  await remove(await put(24 * 50), 24 * 49);
  await remove(await put(24 * 40), 24 * 10);
  await put(24 * 20);
  const history = await backups.recoveryHistory('restorable', now);
  const days = (at: Date) => Math.floor(at.getTime() / dayMs);
  const on = (hours: number) => history[days(now) - days(hoursAgo(hours))]?.worstSeconds ?? Number.NaN;
  expect(history).toHaveLength(30);
  // Just before the last one, the one that was deleted later; since then the last one.
  expect(on(24 * 20) / 3_600).toBeCloseTo(24 * 20, 1);
  expect(on(0) / 3_600).toBeCloseTo(24 * 20, 1);
  expect(on(24) / 3_600).toBeGreaterThan(24 * 18);
  expect(await backups.recoveryHistory('nobody', now)).toEqual([]);
});

it('what copies took counts by the ends of their backups, and only what stands there or stood', async () => {
  const now = new Date();
  const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs);
  const { backups, copies } = world.catalog;
  const put = (days: number) => completedBackup(world.catalog, 'copied', {}, daysAgo(days));
  const [oldest, ...others] = [await put(20), await put(18), await put(10), await put(5)];
  const plan = () => copies.plan({ destination: 'vault', targets: ['copied'], ownRetention: false });
  await plan();
  expect(await copies.storageHistory('vault', now)).toEqual({
    ...{ usedBytes: 0, usedBefore: 0, addedBytes: 0, since: now },
  });
  // All at once, as a new destination gets them.
  for (let due = 1 + others.length; due > 0; due -= 1) {
    const copy = await copies.claimNext('vault', 'w', now);
    if (copy === null) throw new Error('nothing is due');
    const backup = await backups.find(copy.backupId);
    const stamp = backup === null ? '' : copyStampOf(backup);
    const done = { at: now, stamp, bytes, lockedUntil: null, verifyAt: null };
    await copies.copied({ id: copy.copyId, fence: copy.claim.fence }, done);
  }
  const full = { usedBytes: 4 * bytes, usedBefore: 2 * bytes, addedBytes: 2 * bytes, since: daysAgo(14) };
  expect(await copies.storageHistory('vault', now)).toEqual(full);
  expect(quotaForecast(5 * bytes, full, now)).toMatchObject({ state: 'warning', daysUntilFull: 7 });

  await backups.beginDelete(oldest, 'retention', now);
  await backups.deleted(oldest, now);
  await plan();
  // Held there, it takes its room until it may go; that is no failure.
  const until = new Date(now.getTime() + dayMs);
  await copies.removeAfterLock(`${oldest}/vault`, until, until);
  expect(await copies.removing('vault', now)).toEqual([]);
  expect(await copies.newestFailure('vault')).toBeNull();
  expect((await copies.of([oldest]))[0]).toMatchObject({ state: 'removing', lockedUntil: until });
  expect(await copies.storageHistory('vault', now)).toEqual(full);
  expect(await copies.removing('vault', until)).toHaveLength(1);
  await copies.removed(`${oldest}/vault`, daysAgo(1));
  expect(await copies.storageHistory('vault', now)).toEqual({ ...full, usedBytes: 3 * bytes });

  // What a look did not find takes no room, and never did as far as anybody knows.
  await copies.markMissing('vault', [others[0]], now);
  expect(await copies.storageHistory('vault', now)).toMatchObject({ usedBytes: 2 * bytes, usedBefore: bytes });
  await copies.startAnew('vault');
  expect(await copies.storageHistory('vault', now)).toMatchObject({ usedBytes: 0 });
});

it('copies that an older version made count with the size of their backups, in quota, forecast and refusal alike', async () => {
  const now = new Date();
  const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs);
  const { backups, copies } = world.catalog;
  const destination = 'cellar';
  const ids = [];
  for (const days of [20, 10, 5, 4, 3]) ids.push(await completedBackup(world.catalog, 'older', {}, daysAgo(days)));
  const [oldest, second, lost, pending, gone] = ids as [string, string, string, string, string];
  const plan = () => copies.plan({ destination, targets: ['older'], ownRetention: true });
  await plan();
  // As an older version left them: it knew of no storedBytes, and a worker of it beside ours writes none either.
  const stored = world.client.db(world.database).collection('copies');
  const change = async (backupId: string, set: object, unset: object = {}) =>
    stored.updateOne({ copyId: `${backupId}/${destination}` }, { $set: set, ...unset });
  const withoutField = { $unset: { storedBytes: '', lockedUntil: '' } };
  for (const backupId of [oldest, second]) {
    const backup = await backups.find(backupId);
    const stamp = backup === null ? '' : copyStampOf(backup);
    const made = { state: 'copied', stamp, copiedAt: now };
    await change(backupId, made, backupId === oldest ? withoutField : {});
  }
  const nextAttemptAt = new Date(now.getTime() + dayMs);
  await change(lost, { state: 'missing', stamp: 'x', copiedAt: now, nextAttemptAt }, withoutField);
  await change(pending, { nextAttemptAt }, withoutField);
  await change(gone, { state: 'removed', stamp: null, copiedAt: now, removedAt: daysAgo(1) }, withoutField);

  const history = await copies.storageHistory(destination, now);
  expect(history).toEqual({
    ...{ usedBytes: 2 * bytes, usedBefore: bytes, addedBytes: 2 * bytes },
    since: daysAgo(14),
  });
  expect(quotaForecast(2.2 * bytes, history, now)).toMatchObject({ state: 'warning' });
  const sizes = new Map((await copies.of(ids)).map((copy) => [copy.backupId, copy.storedBytes]));
  expect(ids.map((backupId) => sizes.get(backupId))).toEqual([bytes, bytes, 0, 0, 0]);

  // Copied again for its marks it takes no more room than it has: refused for that it would never come up to date.
  await backups.rekeyed(second, ['ffffffffffffffff'], now);
  await plan();
  expect(await copies.claimNext(destination, 'w', now)).toMatchObject({
    ...{ backupId: second, state: 'copying', storedBytes: bytes },
  });
  expect((await copies.storageHistory(destination, now)).usedBytes).toBe(2 * bytes);
});

it('a lock is noted once, and stands on the record', async () => {
  const { backups } = world.catalog;
  const backupId = await completedBackup(world.catalog, 'locked');
  expect((await backups.find(backupId))?.lockedUntil).toBeNull();
  const until = new Date(Date.now() + dayMs);
  expect(await backups.noteLock(backupId, until, new Date())).toBe(true);
  expect(await backups.noteLock(backupId, until, new Date())).toBe(false);
  const record = await backups.find(backupId);
  expect(record?.lockedUntil).toEqual(until);
  expect(record?.events.filter(({ type }) => type === 'locked')).toHaveLength(1);
});
