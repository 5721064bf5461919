import { afterAll, beforeAll, expect, it } from '@jest/globals';
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
