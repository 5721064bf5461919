import { buffer } from 'node:stream/consumers';
import { afterEach, expect, it, jest } from '@jest/globals';
import { alertKey, deleteJob, marksJob } from '#catalog';
import { createBucket as createNamed } from '../services/s3-client.js';
import { removeBucket, services, uniqueDatabase, waitUntil } from '../services/services.js';
import {
  atEnd,
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
  untilCopies,
} from '../support/destinations-world.js';
import { hazina } from '../support/run-hazina.js';
import { settledTask } from '../support/settled-task.js';
import type { Environment } from '../support/worker-world.js';

jest.setTimeout(400_000);
afterEach(tearDown);

it('a lost destination stops nothing, is told, and gets every backup again when it is back, be it empty', async () => {
  const at = await setUp();
  const { world, offsiteLine, stores } = at;
  const first = await backUp(at);
  await untilCopied(at, first, 'offsite', 'vault');
  await expectEqual(stores.offsite, stores.primary, first);
  await expectEqual(stores.vault, stores.primary, first);

  offsiteLine.cut();
  const second = await backUp(at);
  await untilCopied(at, second, 'vault');
  await untilAlert(at, alertKey('store-unusable', 'offsite'), true);
  expect(await raised(at)).not.toContain(alertKey('store-unusable', 'vault'));
  const { record, database } = await restore(at, second);
  expect(record.status).toBe('completed');
  expect(await world.client.db(database).collection('patients').countDocuments()).toBe(documents);

  offsiteLine.mend();
  await untilCopied(at, second, 'offsite');
  await expectEqual(stores.offsite, stores.primary, second);
  await untilAlert(at, alertKey('store-unusable', 'offsite'), false);

  // The bucket is deleted as a whole. One that is made anew is no store of ours until somebody says so.
  await removeBucket(at.bucket);
  const third = await backUp(at);
  await untilCopied(at, third, 'vault');
  await untilAlert(at, alertKey('store-unusable', 'offsite'), true);
  await createNamed(services().s3, at.bucket);
  const refusal = await waitUntil(
    async () =>
      (await world.catalog.workers.all())
        .flatMap(({ destinations }) => destinations ?? [])
        .find(
          ({ name, ok, detail }) =>
            name === 'offsite' && ok === false && (detail ?? '').includes('is no store of Hazina'),
        ),
    { ...slow, what: 'the refusal of an empty bucket' },
  );
  expect(refusal.detail).toContain('Destination offsite');
  const accepted = await hazina(['destinations', 'accept', 'offsite'], world.environment(at.settings));
  expect(accepted).toMatchObject({ code: 0, stderr: expect.stringContaining('copy 2 backups') as unknown });
  for (const backupId of [first, second, third]) {
    await untilCopied(at, backupId, 'offsite');
    await expectEqual(stores.offsite, stores.primary, backupId);
  }
  await untilAlert(at, alertKey('store-unusable', 'offsite'), false);
});

it('a restore reads from the nearest destination that has the whole backup when the primary store is lost', async () => {
  const at = await setUp();
  const { world, primaryLine, stores } = at;
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  primaryLine.cut();
  const { record, database } = await restore(at, backupId);
  expect(record).toMatchObject({ status: 'completed', report: { outcome: 'restored' } });
  expect(record.report?.warnings.join('\n')).toMatch(/not read from primary \(.*, but from offsite/);
  expect(await world.client.db(database).collection('patients').countDocuments()).toBe(documents);

  // A damaged copy is found out before anything of the target is changed, and the next one is read.
  const key = `clinic/${backupId}/1/data.hzn`;
  const data = await buffer(await stores.offsite.get(key));
  data[data.length >> 1] = (data[data.length >> 1] ?? 0) ^ 1;
  await stores.offsite.putBytes(key, data);
  const other = await restore(at, backupId);
  expect(other.record).toMatchObject({ status: 'completed', report: { outcome: 'restored' } });
  expect(other.record.report?.warnings.join('\n')).toMatch(/not read from offsite \(.*, but from vault/);
  expect(await world.client.db(other.database).collection('patients').countDocuments()).toBe(documents);

  // The command line, with nothing but the configuration and the key.
  const environment: Environment = { ...world.environment(at.settings), TARGET: services().mongodbUri };
  delete environment['CATALOG_MONGODB_URI'];
  const copy = uniqueDatabase('restored');
  atEnd(() => world.client.db(copy).dropDatabase());
  const list = await hazina(['list', '--from', 'vault', '--json'], environment);
  expect(JSON.parse(list.stdout)).toMatchObject({ backups: [{ backupId }] });
  const bad = await hazina(['verify', backupId, '--from', 'offsite', '--level', 'stored'], environment);
  expect(bad.code).toBe(11);
  const good = await hazina(['verify', backupId, '--from', 'vault'], environment);
  expect(good.code).toBe(0);
  const restored = await hazina(
    ['restore', backupId, '--from', 'vault', '--to-env', 'TARGET', '--rename', `${world.source}=${copy}`],
    environment,
  );
  expect(restored.code).toBe(0);
  expect(await world.client.db(copy).collection('patients').countDocuments()).toBe(documents);
});

it('what is lost or damaged in a destination is copied anew, marks follow, and a deleted backup goes from there too', async () => {
  const at = await setUp();
  const { world, stores } = at;
  const kept = await backUp(at);
  const backupId = await backUp(at);
  await untilCopied(at, backupId, 'offsite', 'vault');
  const folder = `clinic/${backupId}/`;

  const marked = await world.catalog.backups.setMarks(backupId, { label: 'before the upgrade' });
  if (marked === null) throw new Error('no record');
  await world.queue.add(marksJob(marked));
  await waitUntil(
    async () => {
      for (const store of [stores.offsite, stores.vault])
        if ((await store.head(`${folder}marks.json`)) === null) return undefined;
      return true;
    },
    { ...slow, what: 'marks in the destinations' },
  );

  await world.catalog.backups.beginDelete(backupId, 'ada', new Date());
  await world.queue.add(deleteJob(await world.record(backupId)));
  await world.until(backupId, ({ status }) => status === 'deleted', { ...slow, what: 'the deletion' });
  await untilCopies(at, backupId, (copies) => copies.every(({ state }) => state === 'removed'));
  for (const store of Object.values(stores)) {
    const left: string[] = [];
    for await (const { key } of store.list(folder)) left.push(key);
    expect(left).toEqual([]);
  }
  await untilCopied(at, kept, 'offsite', 'vault');
  await expectEqual(stores.vault, stores.primary, kept);
});

it('a catalogue set back to a time before two backups: a worker that starts brings in the one of the primary store, and names the one of the destinations', async () => {
  const at = await setUp();
  const { world, stores } = at;
  const home = await backUp(at);
  const alone = await backUp(at);
  await untilCopied(at, alone, 'offsite', 'vault');
  await at.worker.end();
  for await (const { key } of stores.primary.list(`clinic/${alone}/`)) await stores.primary.delete(key);
  const { client, database } = world.catalogs;
  for (const { name } of await client.db(database).listCollections({}, { nameOnly: true }).toArray())
    await client
      .db(database)
      .collection(name)
      .deleteMany({ backupId: { $in: [home, alone] } });

  await world.worker(at.settings, { probeTimeoutMs: 4_000, retryMostMs: 1_000 });
  const record = await waitUntil(async () => (await world.catalog.backups.find(home)) ?? undefined, {
    ...slow,
    what: 'the record of what stands in the primary store',
  });
  expect(record.status).toBe('completed');
  const [task] = await client.db(database).collection('tasks').find({ kind: 'sync' }).toArray();
  const taskId = String(task?.['taskId']);
  expect(taskId).toMatch(/^sync-[0-9a-f]{32}-\d{8}T\d{2}$/);
  const { synced } = await settledTask(taskId, () => world.catalog.tasks.find(taskId));
  expect(synced).toMatchObject({ problems: 0, counts: { rebuilt: 1 } });
  expect(synced?.reports).toEqual(
    ['offsite', 'vault'].map(
      (name) =>
        `${alone} stands in ${name} and has no record: hazina destinations copy ${alone} --from ${name}, then sync again`,
    ),
  );
});
