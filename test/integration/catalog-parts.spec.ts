import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cleanupCatalog, recoveryPointOf, wholeGoodOnes } from '#catalog';
import { systemClock, type BackupRecord } from '#contracts';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';

// Parts of a target that were made by hand, in the records.

let world: CatalogWorld;
beforeAll(async () => {
  world = await catalogWorld();
});
afterAll(() => world.close());

const now = new Date();
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

async function found(backupId: string): Promise<BackupRecord> {
  const record = await world.catalog.backups.find(backupId);
  if (record === null) throw new Error('no record');
  return record;
}

/** By backup, as retention sees them. */
async function seriesOf(target: string): Promise<Map<string, string>> {
  const view = cleanupCatalog(world.catalog, { clock: systemClock, by: 'retention', recordRetentionDays: 30 });
  return new Map((await view.completed(target)).map(({ backupId, series }) => [backupId, series]));
}

it('a part by hand has a series of its own for retention, also beside one that stands elsewhere', async () => {
  const target = newTarget();
  const part = await completedBackup(world.catalog, target, { trigger: 'cli' });
  expect((await seriesOf(target)).get(part)).toBe('');
  const whole = await completedBackup(world.catalog, target, { trigger: 'schedule' }, now, ['billing', 'clinic']);
  expect(await seriesOf(target)).toEqual(
    new Map([
      [part, 'clinic'],
      [whole, ''],
    ]),
  );
  await world.catalog.backups.markMissing(whole, true, now);
  expect((await seriesOf(target)).get(part)).toBe('clinic');
});

it('a part by hand that was chosen in another way than by its database is told from one of all', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const both = ['billing', 'clinic'];
  const whole = await completedBackup(world.catalog, target, { trigger: 'schedule' }, ago(2), both);
  const chosen = 'every database, patterns 0';
  const part = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(1), both, { part: chosen });
  expect(await found(part)).toMatchObject({ database: '*', part: chosen });
  expect(await found(whole)).toMatchObject({ database: '*', part: null });
  expect(await seriesOf(target)).toEqual(
    new Map([
      [whole, ''],
      [part, chosen],
    ]),
  );
  // It is no last success, and nothing that another one may be deleted for.
  expect((await backups.ends())[target]?.lastSuccessAt).toEqual(ago(2));
  expect(await backups.otherGood(await found(whole))).toEqual([]);
  expect(await backups.otherGood(await found(part))).toEqual([whole]);
  // What is restored, drilled and told of the target is one of all.
  expect((await recoveryPointOf(world.catalog, target))?.backupId).toBe(whole);
  expect(await wholeGoodOnes(world.catalog, target)).toEqual([whole]);
  const [today] = await backups.recoveryHistory(target, now);
  expect(today?.worstSeconds).toBeGreaterThanOrEqual(119);
});

it('of a target that is a single database, what was made of it by hand counts as the others do', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const scheduled = await completedBackup(world.catalog, target, { trigger: 'schedule' }, ago(9));
  const byHand = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(8));
  const named = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(7), ['clinic'], {
    part: 'clinic',
  });
  const part = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(6), ['clinic'], {
    part: 'clinic, patterns 0',
  });
  expect((await backups.ends())[target]?.lastSuccessAt).toEqual(ago(7));
  expect((await recoveryPointOf(world.catalog, target))?.backupId).toBe(named);
  expect(await wholeGoodOnes(world.catalog, target)).toEqual([named, byHand, scheduled]);
  const [today] = await backups.recoveryHistory(target, now);
  // A second more or less, for it counts from when it was begun.
  expect(Math.round((today?.worstSeconds ?? 0) / 60)).toBe(7);
  expect(await backups.otherGood(await found(part))).toEqual([scheduled]);
});

it('the history tells of parts when the last one of all was deleted long ago, and not where many of those were found bad', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const put = (days: number, part?: string) =>
    part === undefined
      ? completedBackup(world.catalog, target, { trigger: 'schedule' }, ago(days * 1440), ['billing', 'clinic'])
      : completedBackup(world.catalog, target, { trigger: 'cli' }, ago(days * 1440), ['clinic'], { part });
  const hours = async () => {
    const [today] = await backups.recoveryHistory(target, now);
    return today?.worstSeconds === null ? null : Math.round((today?.worstSeconds ?? -3_600) / 3_600);
  };
  const whole = await put(60);
  await put(1, 'clinic');
  await backups.beginDelete(whole, 'ann', ago(50 * 1440), { force: true });
  await backups.deleted(whole, ago(50 * 1440));
  expect(await hours()).toBe(24);

  // The good one of all is older than those that are looked at first.
  await put(9);
  const bad: string[] = [];
  for (const days of [8, 7, 6, 5, 4, 3]) bad.push(await put(days));
  const records = world.client.db(world.database).collection<Record<string, unknown>>('backups');
  const verdict = { level: 'stored', status: 'failed', error: { code: 'backup/damaged', message: 'damaged' } };
  await records.updateMany({ backupId: { $in: bad } }, { $set: { verifications: [verdict] } });
  expect(await hours()).toBe(9 * 24);
});

it('where there is nothing but parts they count, and those of older versions, which do not tell it, as ones of all', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const both = ['billing', 'clinic'];
  const older = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(2), both, {
    part: 'billing clinic',
  });
  const part = await completedBackup(world.catalog, target, { trigger: 'cli' }, ago(1), both, { part: 'billing shop' });
  expect((await backups.ends())[target]?.lastSuccessAt).toEqual(ago(1));
  expect((await recoveryPointOf(world.catalog, target))?.backupId).toBe(part);
  expect(await wholeGoodOnes(world.catalog, target)).toEqual([part, older]);
  await world.client
    .db(world.database)
    .collection('backups')
    .updateOne({ backupId: older }, { $unset: { part: 1 } });
  expect((await backups.ends())[target]?.lastSuccessAt).toEqual(ago(2));
  expect((await recoveryPointOf(world.catalog, target))?.backupId).toBe(older);
  expect(await backups.otherGood(await found(part))).toEqual([older]);
});
