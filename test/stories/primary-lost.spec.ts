import { afterEach, expect, it, jest } from '@jest/globals';
import { alertKey, deleteJob } from '#catalog';
import { primaryStore } from '#contracts';
import type { ObjectStore } from '#storage';
import { createBucket as createNamed } from '../services/s3-client.js';
import { removeBucket, services, waitUntil } from '../services/services.js';
import {
  backUp,
  documents,
  expectEqual,
  raised,
  restore,
  setUp,
  slow,
  tearDown,
  untilAlert,
  untilCopied,
  type World,
} from '../support/destinations-world.js';
import { completedBackup } from '../support/catalog-world.js';
import { hazina } from '../support/run-hazina.js';

// The acceptance story of destinations: two buckets and a directory, and the primary one is the one that is lost.

jest.setTimeout(400_000);
afterEach(tearDown);
const away = alertKey('store-unusable', primaryStore);

const untilHome = (at: World, backupId: string) =>
  at.world.until(backupId, ({ status, place }) => status === 'completed' && place === null, {
    ...slow,
    what: 'the way home',
  });

/** With its marks, which are written once more when it is home, and from there to the destinations. */
const untilEqual = (store: ObjectStore, primary: ObjectStore, backupId: string) =>
  waitUntil(() => expectEqual(store, primary, backupId).then(() => true), {
    ...slow,
    what: `the same bytes in ${store.location}`,
  });

it('while the primary store is away backups go to the nearest destination, are restored from there, and are brought home', async () => {
  const at = await setUp();
  const { world, primaryLine, offsiteLine, stores } = at;
  const before = await backUp(at);
  await untilCopied(at, before, 'offsite', 'vault');
  const storeId = (await world.record(before)).storeId;

  primaryLine.cut();
  const during = await backUp(at);
  expect(await world.record(during)).toMatchObject({ status: 'completed', place: 'offsite' });
  expect((await world.record(during)).warnings.join('\n')).toContain('written to the destination offsite');
  expect((await world.record(during)).storeId).not.toBe(storeId);
  await untilAlert(at, away, true);
  await untilCopied(at, during, 'offsite', 'vault');
  const { record, database } = await restore(at, during);
  expect(record).toMatchObject({ status: 'completed', report: { outcome: 'restored' } });
  expect(await world.client.db(database).collection('patients').countDocuments()).toBe(documents);

  // A worker that begins now does not wait for the primary store; and the next destination is taken when the nearest is away as well.
  await at.worker.end();
  offsiteLine.cut();
  await world.worker(at.settings, { probeTimeoutMs: 4_000, retryMostMs: 1_000 });
  const later = await backUp(at);
  expect(await world.record(later)).toMatchObject({ status: 'completed', place: 'vault' });
  await untilCopied(at, later, 'vault');
  offsiteLine.mend();
  await untilCopied(at, later, 'offsite');
  // What is deleted meanwhile goes from where it was written to.
  const unwanted = await backUp(at);
  expect((await world.record(unwanted)).place).toBe('offsite');
  await untilCopied(at, unwanted, 'offsite', 'vault');
  await world.catalog.backups.beginDelete(unwanted, 'ada', new Date());
  await world.queue.add(deleteJob(await world.record(unwanted)));
  await world.until(unwanted, ({ status }) => status === 'deleted', { ...slow, what: 'the deletion' });

  primaryLine.mend();
  for (const backupId of [during, later]) {
    expect(await untilHome(at, backupId)).toMatchObject({ storeId });
    await untilEqual(stores.offsite, stores.primary, backupId);
  }
  await untilAlert(at, away, false);
  expect(await stores.primary.head(`clinic/${unwanted}/backup.json`)).toBeNull();
  expect(await world.record(await backUp(at))).toMatchObject({ status: 'completed', place: null });
});

it('a primary bucket that was lost and made anew is refilled from the destinations once somebody says that it is meant', async () => {
  const at = await setUp();
  const { world, stores } = at;
  const first = await backUp(at);
  await untilCopied(at, first, 'offsite', 'vault');
  const { storeId } = await world.record(first);

  await removeBucket(world.bucket);
  const second = await backUp(at);
  expect((await world.record(second)).place).toBe('offsite');
  await untilAlert(at, away, true);

  // An empty one is no store of ours: nothing is written to it, and nothing is said to be missing.
  await createNamed(services().s3, world.bucket);
  const third = await backUp(at);
  expect((await world.record(third)).place).toBe('offsite');
  expect((await world.record(first)).status).toBe('completed');
  expect(await stores.primary.head('hazina.json')).toBeNull();
  expect(await raised(at)).toContain(away);

  // Of this one there is no copy.
  const lost = await completedBackup(world.catalog, 'other');
  const accepted = await hazina(['destinations', 'accept', 'primary'], world.environment(at.settings));
  expect(accepted).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('2 backups are missing in it: 1 stand in a destination') as unknown,
  });
  expect(accepted.stderr).toContain(`1 stand nowhere`);
  expect(accepted.stderr).toContain(`lost: ${lost}`);
  await untilAlert(at, alertKey('missing', lost), true);
  for (const backupId of [first, second, third]) {
    await untilHome(at, backupId);
    expect(await world.record(backupId)).toMatchObject({ status: 'completed', storeId });
    await untilEqual(stores.vault, stores.primary, backupId);
  }
  await untilAlert(at, away, false);
  const verified = await hazina(['verify', first], world.environment(at.settings));
  expect(verified.code).toBe(0);

  // One that is lost there by itself comes back by itself.
  for await (const { key } of stores.primary.list(`clinic/${second}/`)) await stores.primary.delete(key);
  await world.catalog.backups.markMissing(second, true, new Date());
  await untilHome(at, second);
  await waitUntil(async () => (await world.catalog.copies.of([second])).length === 2 || undefined, {
    ...slow,
    what: 'the end of the way home',
  });
  await untilEqual(stores.vault, stores.primary, second);
});
