import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cleanupCatalog, copiesCatalog, copyStampOf, type CopyRepository } from '#catalog';
import { AppError, primaryStore, systemClock, type BackupRecord, type CopyRecord } from '#contracts';
import { markElsewhere } from '../../apps/cli/src/recorded-marks.js';
import {
  backupJsonOf,
  catalogWorld,
  completedBackup,
  completedFacts,
  manualBackup,
  newTarget,
  verifyTask,
  type CatalogWorld,
} from '../support/catalog-world.js';

// Where the backup of a record stands.

let world: CatalogWorld;
let copies: CopyRepository;
beforeAll(async () => {
  world = await catalogWorld();
  copies = world.catalog.copies;
});
afterAll(() => world.close());

const now = new Date();
const home = { storeId: 'e'.repeat(32), s3Key: 'home/data.hzn', at: now };

async function found(backupId: string): Promise<BackupRecord> {
  const record = await world.catalog.backups.find(backupId);
  if (record === null) throw new Error('no record');
  return record;
}

async function wayHome(backupId: string): Promise<CopyRecord | undefined> {
  await copies.planHome();
  return (await copies.of([backupId])).find(({ destination }) => destination === primaryStore);
}

/** Completed in a destination, for the primary store was away. */
async function backedUpElsewhere(target = newTarget()): Promise<string> {
  const { backups } = world.catalog;
  const { backupId } = manualBackup(target);
  await backups.insert(manualBackup(target, { backupId }));
  const claimed = await backups.claim(backupId, 'test/1/a', now);
  const ref = { id: backupId, fence: claimed?.claim.fence ?? 0 };
  expect(await backups.writeTo(ref, 'offsite')).toBe(true);
  const backup = backupJsonOf(backupId, target, ref.fence);
  await backups.recordCommit(ref, { attempt: ref.fence, bytes: JSON.stringify(backup) });
  // What is committed there is finished there.
  expect(await backups.writeTo(ref, null)).toBe(false);
  await backups.complete(backupId, completedFacts(backup));
  return backupId;
}

it('only the claim that holds a run says where it writes', async () => {
  const { backups } = world.catalog;
  const backup = manualBackup(newTarget());
  await backups.insert(backup);
  const first = await backups.claim(backup.backupId, 'test/1/a', now);
  const old = { id: backup.backupId, fence: first?.claim.fence ?? 0 };
  await backups.expire(backup.backupId, { fence: old.fence, beat: first?.claim.beat ?? 0 }, now);
  const second = await backups.claim(backup.backupId, 'test/2/b', now);
  const ref = { id: backup.backupId, fence: second?.claim.fence ?? 0 };
  expect(ref.fence).toBeGreaterThan(old.fence);
  expect(await backups.writeTo(old, 'offsite')).toBe(false);
  expect(await backups.writeTo(ref, 'vault')).toBe(true);
  expect(await backups.recordCommit(old, { attempt: old.fence, bytes: '{}' })).toBe(false);
  expect((await found(backup.backupId)).place).toBe('vault');
});

it('what stands elsewhere is not missed in the primary store, nor is it cleanup’s to count or to remove', async () => {
  const { backups } = world.catalog;
  const target = newTarget();
  const elsewhere = await backedUpElsewhere(target);
  const here = await completedBackup(world.catalog, target);
  expect(await backups.markMissing(elsewhere, true, now)).toBe(false);
  expect(await backups.markMissing(here, true, now, 'offsite')).toBe(false);
  const view = cleanupCatalog(world.catalog, { clock: systemClock, by: 'retention', recordRetentionDays: 30 });
  expect((await view.completed(target)).map(({ backupId }) => backupId)).toEqual([here]);

  expect(await backups.markMissing(elsewhere, true, now, 'offsite')).toBe(true);
  expect(await found(elsewhere)).toMatchObject({ status: 'missing', place: 'offsite' });
  // Found in the primary store after all.
  expect(await backups.markMissing(elsewhere, false, now)).toBe(true);
  expect(await found(elsewhere)).toMatchObject({ status: 'completed', place: null, storeId: null });
  // Whoever was bringing it home meanwhile knows more of it.
  expect(await backups.cameHome(elsewhere, home)).toBe(true);
  expect(await found(elsewhere)).toMatchObject({ status: 'completed', place: null, ...homeOf() });
  await backups.markMissing(here, true, now);
  expect(await backups.markMissing(here, false, now)).toBe(true);
  expect((await found(here)).storeId).toBe('f'.repeat(32));
});

it('retention is told the time of the catalogue’s server', async () => {
  const options = { clock: systemClock, by: 'retention', recordRetentionDays: 30 };
  const { catalog } = world;
  for (const view of [cleanupCatalog(catalog, options), copiesCatalog(catalog, 'vault')])
    expect(Math.abs(Number(await view.serverTime()) - Date.now())).toBeLessThan(60_000);
  const away = { ...catalog, serverTime: () => Promise.reject(new Error('away')) };
  expect(await cleanupCatalog(away, options).serverTime()).toBeNull();
});

it('it is on its way home until it is there, once', async () => {
  const { backups } = world.catalog;
  const backupId = await backedUpElsewhere();
  const before = await found(backupId);
  expect(await wayHome(backupId)).toMatchObject({ state: 'pending' });
  expect(await copies.planHome()).toBe(0);
  const claimed = await copies.claimNext(primaryStore, 'w', now);
  expect(claimed?.backupId).toBe(backupId);
  expect(await backups.cameHome(backupId, home)).toBe(true);
  // It broke off here: the next look clears up.
  const [seen] = (await copies.inProgress()).filter(({ id }) => id === claimed?.copyId);
  if (seen === undefined) throw new Error('not in progress');
  await copies.expire(seen.id, seen);
  expect(await wayHome(backupId)).toBeUndefined();
  expect(await backups.cameHome(backupId, home)).toBe(false);
  const { status, place, storeId, s3Key, marks } = await found(backupId);
  expect({ status, place, storeId, s3Key }).toEqual({ status: 'completed', place: null, ...homeOf() });
  // Its marks are written there once more, and from there to the copies.
  expect(marks.wanted).toBe(before.marks.wanted + 1);
  expect(await backups.marksBehind()).toContain(backupId);
});

const homeOf = () => ({ storeId: home.storeId, s3Key: home.s3Key });

it('what is being deleted does not come home, and what is missing does only when a destination has it', async () => {
  const { backups } = world.catalog;
  const deleted = await backedUpElsewhere();
  await backups.beginDelete(deleted, 'ada', now);
  expect(await backups.cameHome(deleted, home)).toBe(false);
  expect(await wayHome(deleted)).toBeUndefined();

  const target = newTarget();
  const lost = await completedBackup(world.catalog, target);
  await copies.plan({ destination: 'vault', targets: [target], ownRetention: false });
  expect(await wayHome(lost)).toBeUndefined();
  await backups.markMissing(lost, true, now);
  expect(await wayHome(lost)).toBeUndefined();
  const copy = await copies.claimNext('vault', 'w', now);
  if (copy === null) throw new Error('nothing is due');
  const done = { at: now, stamp: copyStampOf(await found(lost)), bytes: 4096, lockedUntil: null, verifyAt: null };
  await copies.copied({ id: copy.copyId, fence: copy.claim.fence }, done);
  expect(await wayHome(lost)).toMatchObject({ state: 'pending' });
  expect(await copies.standing([lost, deleted])).toEqual(new Set([lost]));
  // It was to be copied again when the primary store was lost: it stands there all the same.
  const documents = world.client.db(world.database).collection('copies');
  await documents.updateOne({ copyId: copy.copyId }, { $set: { state: 'failed' } });
  expect(await copies.standing([lost])).toEqual(new Set([lost]));
  await copies.startAnew('vault');
  expect(await copies.standing([lost])).toEqual(new Set());
  expect(await backups.cameHome(lost, home)).toBe(true);
  expect(await found(lost)).toMatchObject({ status: 'completed', place: null });
});

it('what was found bad where it stood is verified again when it is home, and nobody is told of it any more', async () => {
  const { backups, tasks } = world.catalog;
  const backupId = await backedUpElsewhere();
  await tasks.insert(verifyTask(backupId));
  const { taskId } = verifyTask(backupId);
  const claimed = await tasks.claim(taskId, 'w', now);
  const error = new AppError({ code: 'container/corrupt', stage: 'verify', message: 'a flipped bit' });
  const failed = await tasks.fail({ id: taskId, fence: claimed?.claim.fence ?? 0 }, { error, at: now });
  if (failed === null) throw new Error('the verification did not fail');
  await backups.verified(backupId, failed, null);
  const isIn = (records: readonly BackupRecord[]) => records.some((record) => record.backupId === backupId);
  const isDue = async () => isIn(await backups.needVerification(new Date(0), 1_000));
  expect([isIn(await backups.failedVerifications()), await isDue()]).toEqual([true, false]);
  expect(await backups.cameHome(backupId, home)).toBe(true);
  expect([isIn(await backups.failedVerifications()), await isDue()]).toEqual([false, true]);
});

it('a pin of what stands elsewhere is wanted on its record, and the service writes it there', async () => {
  const { backups } = world.catalog;
  const backupId = await backedUpElsewhere();
  const { marks } = await found(backupId);
  const pinned = { pinned: true, label: null, place: 'offsite' };
  expect(await markElsewhere(world.catalog, backupId, { pinned: true })).toEqual(pinned);
  expect((await found(backupId)).marks).toEqual({ ...marks, wanted: marks.wanted + 1 });
  expect(await backups.marksBehind()).toContain(backupId);
  const here = await completedBackup(world.catalog, newTarget());
  expect(await markElsewhere(world.catalog, here, { pinned: true })).toBeNull();
  expect((await found(here)).pinned).toBe(false);
});

it('a record of an older catalogue stands in the primary store', async () => {
  const { backups } = world.catalog;
  const backupId = await completedBackup(world.catalog, newTarget());
  const documents = world.client.db(world.database).collection('backups');
  await documents.updateOne({ backupId }, { $unset: { place: '' } });
  expect((await found(backupId)).place).toBeNull();
  expect(await wayHome(backupId)).toBeUndefined();
  const storeId = (await found(backupId)).storeId ?? '';
  expect(await backups.cameHome(backupId, { ...home, storeId })).toBe(false);
  expect(await backups.markMissing(backupId, true, now)).toBe(true);
  expect(await backups.markMissing(backupId, false, now)).toBe(true);
});
