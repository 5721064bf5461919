import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, it, jest } from '@jest/globals';
import { primaryStore } from '#contracts';
import type { ObjectStore } from '#storage';
import { waitUntil } from '../services/services.js';
import {
  backUp,
  expectEqual,
  setUp,
  slow,
  tearDown,
  untilCopied,
  untilCopies,
  type World,
} from '../support/destinations-world.js';
import { hazina } from '../support/run-hazina.js';
import type { Environment } from '../support/worker-world.js';

// What the service does for copies by itself, once they are there.

jest.setTimeout(400_000);
afterEach(tearDown);
/** The daily look, made with every look. */
const daily = { checkDestinationMs: 0 };

const copiesOf = ({ world }: World) => world.client.db(world.catalogs.database).collection('copies');

async function untilEqual(store: ObjectStore, primary: ObjectStore, key: string): Promise<void> {
  await waitUntil(
    async () => {
      if ((await store.head(key)) === null) return undefined;
      return (await buffer(await store.get(key))).equals(await buffer(await primary.get(key))) || undefined;
    },
    { ...slow, what: `${key} in ${store.location}` },
  );
}

it('a copy that is damaged, and one of which an object is gone, are found by the service and made anew', async () => {
  const at = await setUp({}, {}, daily);
  const { stores } = at;
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  const key = `clinic/${backupId}/1/data.hzn`;

  const data = await buffer(await stores.offsite.get(key));
  data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1;
  await stores.offsite.putBytes(key, data);
  // Its time to be read back has come.
  await copiesOf(at).updateOne({ copyId: `${backupId}/offsite` }, { $set: { verifyAt: new Date() } });
  await untilEqual(stores.offsite, stores.primary, key);
  await untilCopied(at, backupId, 'offsite');

  await stores.vault.delete(key);
  await untilEqual(stores.vault, stores.primary, key);
  await untilCopied(at, backupId, 'vault');
  for (const store of [stores.offsite, stores.vault]) await expectEqual(store, stores.primary, backupId);
});

it('a destination keeps by a retention of its own: what has expired goes from there alone, and pinned ones and what is not home stay', async () => {
  const at = await setUp({ offsite: { retention: { retentionDays: 1, minKeep: 1 } } }, {}, daily);
  const { world, stores } = at;
  const ids: string[] = [];
  for (let made = 0; made < 4; made += 1) ids.push(await backUp(at));
  const [old, pinned, away, locked] = ids as [string, string, string, string];
  for (const backupId of ids) await untilCopied(at, backupId, 'offsite', 'vault');
  await world.catalog.backups.setMarks(pinned, { pinned: true });
  const longAgo = new Date(Date.now() - 3 * 86_400_000);
  // Only this destination is known to have it, and its way home takes long.
  at.primaryLine.cut();
  await world.client
    .db(world.catalogs.database)
    .collection('backups')
    .updateOne({ backupId: away }, { $set: { place: 'offsite' } });
  await untilCopies(at, away, (copies) => copies.some(({ destination }) => destination === primaryStore));
  const never = new Date(Date.now() + 86_400_000);
  await copiesOf(at).updateOne({ copyId: `${away}/${primaryStore}` }, { $set: { nextAttemptAt: never } });
  for (const backupId of [pinned, away, old])
    await copiesOf(at).updateOne({ copyId: `${backupId}/offsite` }, { $set: { completedAt: longAgo } });
  // Nothing goes while these copies may be all that there is; nor does what a lock held until then.
  await copiesOf(at).updateOne({ copyId: `${locked}/offsite` }, { $set: { state: 'removing' } });
  const looks = () =>
    at.worker.lines.filter(({ msg }) => msg === 'nothing expires while the primary store is away').length;
  const looked = looks();
  await waitUntil(() => Promise.resolve(looks() > looked + 1 || undefined), { ...slow, what: 'two looks' });
  for (const backupId of [old, away, locked]) await untilCopied(at, backupId, 'offsite');

  at.primaryLine.mend();
  await untilCopies(at, old, (copies) =>
    copies.some(({ destination, state }) => destination === 'offsite' && state === 'removed'),
  );
  const left: string[] = [];
  for await (const { key } of stores.offsite.list(`clinic/${old}/`)) left.push(key);
  expect(left).toEqual([]);
  await expectEqual(stores.vault, stores.primary, old);
  // Decided in the same look.
  for (const backupId of ids.slice(1)) await untilCopied(at, backupId, 'offsite');
  expect((await world.record(old)).status).toBe('completed');
});

it('a rotated key reaches the copies, and so does a backup that was sealed anew', async () => {
  const at = await setUp();
  const { world, stores } = at;
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  const rotate = (key: string, retired: string, ...more: string[]) => {
    const environment: Environment = {
      ...world.environment(at.settings),
      ...{ BACKUP_ENCRYPTION_KEY: key, BACKUP_ENCRYPTION_KEYS_RETIRED: retired },
    };
    return hazina(['keys', 'rotate', ...more], environment);
  };
  const newKey = () => `hex:${randomBytes(32).toString('hex')}`;
  const second = newKey();
  expect(await rotate(second, world.key)).toMatchObject({ code: 0 });
  const folder = `clinic/${backupId}/`;
  for (const store of [stores.offsite, stores.vault]) {
    await untilEqual(store, stores.primary, `${folder}1/header.hzn`);
    await untilEqual(store, stores.primary, `${folder}1/manifest.header.hzn`);
  }

  expect(await rotate(newKey(), second, '--rewrite')).toMatchObject({ code: 0 });
  const attempt = (await world.record(backupId)).commit?.attempt ?? 0;
  expect(attempt).toBeGreaterThan(1);
  for (const store of [stores.offsite, stores.vault]) {
    await untilEqual(store, stores.primary, `${folder}backup.json`);
    await untilEqual(store, stores.primary, `${folder}${attempt}/data.hzn`);
    // What is of no use any more is gone: with the stolen key it could be read.
    await waitUntil(async () => (await store.head(`${folder}1/data.hzn`)) === null || undefined, {
      ...slow,
      what: 'the end of the earlier attempt',
    });
  }
});

it('what retention took from the primary store stays where it is kept longer, is sealed anew there after a theft, and goes from there in the end', async () => {
  const at = await setUp(
    { offsite: { retention: { retentionDays: 365, minKeep: 1 } } },
    { BACKUP_MIN_KEEP: '1', BACKUP_REVERIFY_DAYS: '900' },
    daily,
  );
  const { world, stores } = at;
  const ids = [await backUp(at), await backUp(at), await backUp(at)];
  const [old = '', ...newer] = ids;
  for (const backupId of ids) await untilCopied(at, backupId, 'offsite', 'vault');
  const backups = world.client.db(world.catalogs.database).collection('backups');
  const { completedAt: made } = await world.record(old);
  const completedAt = new Date(Date.now() - 60 * 86_400_000);
  await backups.updateOne({ backupId: old }, { $set: { completedAt } });
  await copiesOf(at).updateOne({ copyId: `${old}/offsite` }, { $set: { completedAt } });
  const stolen = { ...world.environment(at.settings), BACKUP_RETENTION_DAYS: '30' };
  // By a person at the command line; what it removes is removed by the rules all the same.
  expect(await hazina(['cleanup', '--confirm', '1'], stolen)).toMatchObject({ code: 0 });
  expect((await world.record(old)).status).toBe('deleted');
  await untilCopies(at, old, (copies) =>
    copies.some(({ destination, state }) => destination === 'vault' && state === 'removed'),
  );
  await untilCopied(at, old, 'offsite');

  const newKey = `hex:${randomBytes(32).toString('hex')}`;
  const both = { ...stolen, BACKUP_ENCRYPTION_KEY: newKey, BACKUP_ENCRYPTION_KEYS_RETIRED: world.key };
  const rewritten = await hazina(['keys', 'rotate', '--rewrite', '--json'], both);
  expect({ code: rewritten.code, stderr: rewritten.stderr }).toMatchObject({ code: 0 });
  const { results } = JSON.parse(rewritten.stdout) as {
    results: { backupId: string; place: string; outcome: string }[];
  };
  expect(results.map(({ backupId, place, outcome }) => `${backupId} ${place} ${outcome}`).sort()).toEqual(
    [...newer.map((backupId) => `${backupId} primary rewritten`), `${old} offsite rewritten`].sort(),
  );
  const alone = { ...stolen, BACKUP_ENCRYPTION_KEY: newKey };
  expect(await hazina(['verify', old, '--from', 'offsite'], alone)).toMatchObject({ code: 0 });
  expect((await hazina(['verify', old, '--from', 'offsite'], stolen)).code).toBe(13);
  const standing = (await untilCopied(at, old, 'offsite')).find(({ destination }) => destination === 'offsite');
  expect(standing?.sealedAs).toBeGreaterThan(1);
  // Looks at the destination find it whole, and sweep nothing of it.
  const looks = () => at.worker.lines.filter(({ msg }) => msg === 'copies missing').length;
  await copiesOf(at).updateOne({ copyId: `${old}/offsite` }, { $set: { verifyAt: new Date() } });
  const readAgain = () =>
    untilCopies(at, old, (copies) =>
      copies.some(
        ({ destination, state, verifyAt }) =>
          destination === 'offsite' && state === 'copied' && (verifyAt ?? 0) > new Date(),
      ),
    );
  await readAgain();
  expect(looks()).toBe(0);
  expect(await hazina(['verify', old, '--from', 'offsite'], alone)).toMatchObject({ code: 0 });

  // As if it had been killed before it was noted what stands there: looks find it all the same, and in the end it goes from there.
  const stamp = standing?.stamp?.replace(/^\S+/, 'ab'.repeat(32)) ?? null;
  const noted = { sealedAs: null, stamp, completedAt: made };
  await copiesOf(at).updateOne({ copyId: `${old}/offsite` }, { $set: { ...noted, verifyAt: new Date() } });
  await readAgain();
  expect(looks()).toBe(0);
  await copiesOf(at).updateOne({ copyId: `${old}/offsite` }, { $set: { state: 'removing' } });
  await untilCopies(at, old, (copies) =>
    copies.some(({ destination, state }) => destination === 'offsite' && state === 'removed'),
  );
  const left: string[] = [];
  for await (const { key } of stores.offsite.list(`clinic/${old}/`)) left.push(key);
  expect(left).toEqual([]);
  for (const backupId of newer) await untilCopied(at, backupId, 'offsite', 'vault');
});
