import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { restoreJob, taskJob } from '#catalog';
import { randomSuffix, systemRandom } from '#contracts';
import { generateRecipient } from '#crypto';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import { expectNothingLeftOf } from '../support/nothing-left.js';
import { settledTask } from '../support/settled-task.js';
import { WorkerWorld, type Environment } from '../support/worker-world.js';

// A worker that only writes beside one that reads: what needs the private key is left to the latter, and nothing counts as a try.

jest.setTimeout(120_000);
const pair = generateRecipient(systemRandom);
const shared: Environment = {
  RESTORE_TARGETS: 'staging',
  RESTORE_TARGET_STAGING_URI: services().mongodbUri,
};
const writes: Environment = { ...shared, BACKUP_ENCRYPTION_KEY: '', BACKUP_RECIPIENTS: pair.publicKey };
const reads: Environment = { ...shared, BACKUP_ENCRYPTION_KEY: pair.privateKey.reveal() };
const target = uniqueDatabase('mixed');
let world: WorkerWorld;
let backupId: string;

beforeAll(async () => {
  world = await WorkerWorld.open();
  await world.fill(20);
  await world.worker(writes);
  backupId = await world.trigger();
  await world.until(backupId, ({ status }) => status === 'completed', { what: 'a backup', timeoutMs: 60_000 });
});
afterAll(async () => {
  await expectNothingLeftOf(world);
  await world.client.db(target).dropDatabase();
  await world.close();
});

async function restore(): Promise<string> {
  const inserted = await world.catalog.restores.insert({
    restoreId: `restore-20261123T090000Z-${randomSuffix(systemRandom, 6)}`,
    ...{ backupId, targetName: 'staging', databases: [], include: [], exclude: [], onConflict: 'fail' },
    ...{ ignoreWrites: false, dryRun: false, createdAt: new Date(), correlationId: 'c-mixed', requestedBy: 'ada' },
    ...{ role: 'admin', mode: 'into-empty', rename: [{ from: world.source, to: target }] },
  });
  if (inserted.outcome !== 'inserted') throw new Error(`not inserted: ${inserted.outcome}`);
  await world.queue.add(restoreJob(inserted.record));
  return inserted.record.restoreId;
}

const ended = (restoreId: string) => settledTask(restoreId, () => world.catalog.restores.find(restoreId));

it('fails at once, by name, while nobody reads', async () => {
  expect(await ended(await restore())).toMatchObject({ status: 'failed', error: { code: 'keys/write-only' } });
});

it('waits untouched for the one that reads, and is done by it', async () => {
  const { catalog } = world;
  const [writer] = await catalog.workers.all();
  if (writer === undefined) throw new Error('nobody has published');
  // One that reads is alive, and busy with something else.
  const { sinceBeatMs: _, beatAt: _at, ...report } = writer;
  await catalog.workers.publish({ ...report, workerId: 'busy/1/reads', reads: true });
  const restoreId = await restore();
  const taskId = `${backupId}-v${await catalog.tasks.nextVerificationNumber(backupId)}`;
  await catalog.tasks.insert({
    ...{
      taskId,
      kind: 'verify',
      createdAt: new Date(),
      correlationId: 'c',
      backupId,
      level: 'readable',
      cleanup: null,
    },
  });
  const task = await catalog.tasks.find(taskId);
  if (task === null) throw new Error('no task');
  await world.queue.add(taskJob(task));
  const waiting = await waitUntil(
    async () => {
      const [one, other] = [await catalog.restores.find(restoreId), await catalog.tasks.find(taskId)];
      return one !== null && other !== null && one.jobNumber > 1 && other.jobNumber > 1 ? { one, other } : undefined;
    },
    { what: 'both to be left to another', timeoutMs: 30_000 },
  );
  for (const { status, claim, error } of [waiting.one, waiting.other])
    expect({ status, fence: claim.fence, lost: claim.lost, error }).toEqual({
      ...{ status: 'pending', fence: 0, lost: 0, error: null },
    });
  await world.worker(reads);
  expect(await ended(restoreId)).toMatchObject({ status: 'completed', error: null, failures: 0 });
  const verified = await settledTask(taskId, () => catalog.tasks.find(taskId));
  expect(verified).toMatchObject({ status: 'completed', failures: 0 });
  expect(await world.client.db(target).collection('patients').countDocuments()).toBe(20);
});
