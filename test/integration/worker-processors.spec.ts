import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { alertKey } from '#catalog';
import { loadWorkerConfig, Reload } from '#config';
import { AppError, systemClock, systemRandom } from '#contracts';
import { createLog } from '#logging';
import { createMetrics } from '#metrics';
import { readMarks } from '#pipeline';
import { createMemoryStore, type ObjectStore } from '#storage';
import { closeParts, openParts } from '../../apps/worker/src/core/open-parts.js';
import { defaultTuning } from '../../apps/worker/src/core/tuning.js';
import { newOwner, type WorkerParts } from '../../apps/worker/src/core/worker-core.js';
import { WorkerLog } from '../../apps/worker/src/logging/worker-log.js';
import { DeleteProcessor } from '../../apps/worker/src/processors/delete.processor.js';
import { MarksProcessor } from '../../apps/worker/src/processors/marks.processor.js';
import { VerifyProcessor } from '../../apps/worker/src/processors/verify.processor.js';
import { noAbort } from '../support/backup-world.js';
import { verifyTask } from '../support/catalog-world.js';
import { Gate } from '../support/gate.js';
import { replaceCalls } from '../support/replace-calls.js';
import { WorkerWorld } from '../support/worker-world.js';
import { waitUntil } from '../services/services.js';

// Single processors on the real catalogue and the real store, which a test makes vanish, or slow for one of two workers.

jest.setTimeout(60_000);
let world: WorkerWorld;
let parts: WorkerParts;
beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(20);
  const environment = world.environment({ BACKUP_ATTEMPTS: '1' });
  const readFile = (): never => {
    throw new Error('no file is read here');
  };
  const config = await loadWorkerConfig({ environment, readFile, workingDirectory: world.folder });
  const log = new WorkerLog(createLog({ service: 'hazina-worker', level: 'silent', version: 'test' }));
  parts = await openParts(
    {
      ...{ config, log, version: 'test', clock: systemClock, random: systemRandom, tuning: defaultTuning },
      ...{ metrics: createMetrics({ app: 'worker', version: 'test' }), owner: newOwner(systemRandom) },
      ...{ startedAt: new Date(), reload: new Reload(config, () => Promise.resolve(config)) },
    },
    noAbort,
  );
});
afterAll(async () => {
  await closeParts(parts);
  await world.close();
});

/** Made by a worker that ends afterwards: nobody but the processors of a test acts on it. */
async function completed(): Promise<string> {
  const { end } = await world.worker();
  const backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'the backup' });
  await end();
  return backupId;
}

const nothing: AsyncIterable<never> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true as const, value: undefined }) }),
};

/** The store until something of a backup is asked for: from then on it is an empty one, as a volume that was unmounted. */
function vanishing(store: ObjectStore): ObjectStore {
  let isGone = false;
  const there = (key: string): boolean => {
    isGone ||= key !== 'hazina.json';
    return !isGone;
  };
  const noObject = (key: string) =>
    new AppError({ code: 'store/no-object', stage: 'store', message: `${key} is not there` });
  return replaceCalls(store, {
    head: (key, ...more) => (there(key) ? store.head(key, ...more) : Promise.resolve(null)),
    getBytes: (key, ...more) => (there(key) ? store.getBytes(key, ...more) : Promise.reject(noObject(key))),
    get: (key, ...more) => (there(key) ? store.get(key, ...more) : Promise.reject(noObject(key))),
    delete: () => Promise.resolve(),
    list: () => nothing,
    listUploads: () => nothing,
  });
}

describe('a store that vanishes while a worker looks at a backup', () => {
  it('marks no backup missing, and is no verdict', async () => {
    const backupId = await completed();
    const { taskId } = verifyTask(backupId);
    await world.catalog.tasks.insert(verifyTask(backupId));
    const sut = new VerifyProcessor({ ...parts, store: vanishing(parts.store) });
    await expect(sut.process({ taskId }, noAbort)).rejects.toMatchObject({ code: 'store/changed' });
    const record = await world.record(backupId);
    expect(record).toMatchObject({
      status: 'completed',
      verifications: [{ verificationId: taskId, status: 'failed', error: { code: 'store/changed' } }],
    });
    expect(record.events.at(-1)).toMatchObject({ type: 'verification-not-made' });
    expect(await world.catalog.alerts.raised()).toEqual([]);
  });

  it('nor is what was found at a place from which it was brought home meanwhile', async () => {
    const { backups, tasks } = world.catalog;
    const backupId = await completed();
    const { storeId, s3Key } = await world.record(backupId);
    const collection = world.client.db(world.catalogs.database).collection('backups');
    await collection.updateOne({ backupId }, { $set: { place: 'offsite' } });
    const memory = createMemoryStore();
    const store = replaceCalls(memory, {
      getBytes: async (key, ...more) => {
        if (key.endsWith('backup.json'))
          await backups.cameHome(backupId, { storeId: storeId ?? '', s3Key: s3Key ?? '', at: new Date() });
        return memory.getBytes(key, ...more);
      },
    });
    const options = { kind: 'directory' as const, directory: 'none' };
    const destination = { name: 'offsite', store, options, retention: null, verify: null };
    const sut = new VerifyProcessor({ ...parts, destinations: [destination] });
    await tasks.insert(verifyTask(backupId));
    await expect(sut.process({ taskId: verifyTask(backupId).taskId }, noAbort)).rejects.toMatchObject({
      ...{ code: 'backup/not-found', retry: 'retry' },
    });
    const record = await world.record(backupId);
    expect(record).toMatchObject({ status: 'completed', place: null });
    expect(record.events.at(-1)).toMatchObject({ type: 'verification-not-made' });
    expect((await backups.failedVerifications()).map((one) => one.backupId)).not.toContain(backupId);
    await tasks.insert(verifyTask(backupId, 2));
    await sut.process({ taskId: verifyTask(backupId, 2).taskId }, noAbort);
    expect((await world.record(backupId)).verificationStatus.verified).toBe(true);
  });

  it('ends no deletion: it is taken up again when the store is back', async () => {
    const [backupId] = [await completed(), await completed()];
    await world.catalog.backups.beginDelete(backupId, 'a test', new Date());
    await expect(
      new DeleteProcessor({ ...parts, store: vanishing(parts.store) }).process({ backupId }, noAbort),
    ).rejects.toMatchObject({ code: 'store/changed' });
    expect((await world.record(backupId)).status).toBe('deleting');
    expect((await world.stored()).filter((key) => key.includes(backupId))).toHaveLength(3);
    await new DeleteProcessor(parts).process({ backupId }, noAbort);
    expect((await world.record(backupId)).status).toBe('deleted');
    expect((await world.stored()).filter((key) => key.includes(backupId))).toEqual([]);
  });
});

describe('a deletion of what has lost its backup.json already', () => {
  it('waits for a use, and ends after it; what was missing before stays missing', async () => {
    const { backups, tasks } = world.catalog;
    const sut = new DeleteProcessor(parts);
    for (const from of ['completed', 'missing'] as const) {
      const backupId = await completed();
      const [key] = (await world.stored()).filter((name) => name.endsWith(`${backupId}/backup.json`));
      await tasks.insert(verifyTask(backupId));
      if (from === 'missing') await backups.markMissing(backupId, true, new Date());
      await backups.beginDelete(backupId, 'a test', new Date());
      await parts.store.delete(key ?? '');
      await sut.process({ backupId }, noAbort);
      expect((await world.record(backupId)).status).toBe(from === 'missing' ? 'missing' : 'deleting');
      expect((await world.stored()).filter((name) => name.includes(backupId))).toHaveLength(2);
      await tasks.withdraw(verifyTask(backupId).taskId);
      await sut.process({ backupId }, noAbort);
      expect((await world.record(backupId)).status).toBe(from === 'missing' ? 'missing' : 'deleted');
    }
    expect(await world.catalog.alerts.raised()).toEqual([]);
  });
});

it('a backup that was found damaged is not the last good one: it goes without force, as the API says', async () => {
  const { backups, tasks } = world.catalog;
  for (const { backupId } of await backups.completed()) await backups.markMissing(backupId, true, new Date());
  const backupId = await completed();
  await tasks.insert(verifyTask(backupId));
  const { taskId } = verifyTask(backupId);
  const claimed = await tasks.claim(taskId, 'a test', new Date());
  const error = new AppError({ code: 'container/corrupt', stage: 'verify', message: 'a flipped bit' });
  const failed = await tasks.fail({ id: taskId, fence: claimed?.claim.fence ?? 0 }, { error, at: new Date() });
  if (failed === null) throw new Error('the verification did not fail');
  await backups.verified(backupId, failed, null);
  await backups.beginDelete(backupId, 'a test', new Date());
  await new DeleteProcessor(parts).process({ backupId }, noAbort);
  expect((await world.record(backupId)).status).toBe('deleted');
});

describe('two workers that write the marks of one backup', () => {
  it('leave what was wished last, whoever of them sleeps in between', async () => {
    const backupId = await completed();
    const { backups } = world.catalog;
    await backups.setMarks(backupId, { pinned: true, label: 'first wish' });
    const gate = new Gate();
    const slow = replaceCalls(parts.store, {
      putBytes: async (...given) => {
        await gate.pass();
        return parts.store.putBytes(...given);
      },
    });
    const sleeper = new MarksProcessor({ ...parts, store: slow }).process({ backupId }, noAbort);
    await waitUntil(() => gate.arrivals === 1, { what: 'the first writer at its put' });
    await backups.setMarks(backupId, { pinned: false, label: 'second wish' });
    await new MarksProcessor(parts).process({ backupId }, noAbort);
    expect(await readMarks(parts.store, backupId, noAbort)).toMatchObject({ pinned: false, label: 'second wish' });
    gate.open();
    await sleeper;
    expect(await readMarks(parts.store, backupId, noAbort)).toMatchObject({ pinned: false, label: 'second wish' });
    expect((await world.record(backupId)).marks).toEqual({ wanted: 2, written: 2 });
    expect(await backups.marksBehind()).toEqual([]);
  });
});

it('a cleanup forgets messages that nobody waits for', async () => {
  const { alerts } = world.catalog;
  const old = new Date(Date.now() - 500 * 86_400_000);
  const raise = async (name: string, channels: readonly string[], at = old) =>
    (
      await alerts.raise({
        ...{ key: alertKey('overdue', name), kind: 'overdue', target: name, backupId: null, correlationId: null },
        ...{ message: 'x', hint: null, at, channels },
      })
    )?.notificationId ?? '';
  const clear = (name: string, at = old) =>
    alerts.clear(alertKey('overdue', name), { message: 'x', at, target: name, backupId: null });
  const [over, raised, waiting, young] = [
    await raise('over', []),
    await raise('raised', []),
    await raise('waiting', ['email']),
    await raise('young', [], new Date()),
  ];
  await clear('over');
  await clear('waiting');
  await clear('young', new Date());
  expect(await alerts.purge(new Date(Date.now() - 400 * 86_400_000))).toBe(2);
  const left = await Promise.all([over, raised, waiting, young].map((id) => alerts.findNotification(id)));
  expect(left.map((one) => one !== null)).toEqual([false, true, true, true]);
});
