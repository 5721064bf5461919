import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ApiClient } from '../support/api-client.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';

// Restores whose worker is killed while it loads, and whose last attempt never comes to the target: what was loaded must go all the same.

jest.setTimeout(600_000);
const patienceMs = 180_000;
const uri = services().mongodbUri;
let world: ServiceWorld;
let api: ServiceProcess;
let admin: ApiClient;
let store: TcpProxy;
let firstLine: TcpProxy;
let nextLine: TcpProxy;
let name: string;

beforeEach(async () => {
  name = uniqueDatabase('restored');
  store = await startTcpProxy(services().s3.endpoint);
  world = await ServiceWorld.create('bucket', {
    ...{ BACKUP_VERIFY: 'off', BACKUP_ATTEMPTS: '1', RESTORE_TARGETS: 'production' },
    S3_ENDPOINT: store.uri.replace(/\/$/, ''),
  });
  await world.fill(1000);
  firstLine = await startTcpProxy(uri);
  nextLine = await startTcpProxy(uri);
  api = await world.startApi();
  admin = world.as('admin', api);
}, 300_000);
afterEach(async () => {
  await world.client.db(name).dropDatabase();
  store.mend();
  await world.close();
  await Promise.all([store.close(), firstLine.close(), nextLine.close()]);
}, 180_000);

const inTarget = async (): Promise<string[]> =>
  (await world.client.db(name).listCollections({}, { nameOnly: true }).toArray()).map((found) => found.name);
const met = (what: string, condition: () => boolean | Promise<boolean>) =>
  waitUntil(async () => condition(), { what, timeoutMs: patienceMs });
const record = async (restoreId: string) =>
  world.client.db(world.catalog).collection('restores').findOne({ restoreId });

/** A restore whose worker was killed while it loads; the next worker is there, and has no store. */
async function killedWhileLoading(): Promise<{ restoreId: string; next: ServiceProcess }> {
  const first = await world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: firstLine.uri });
  const backupId = await admin.trigger();
  await admin.settled(backupId, ['completed'], patienceMs);
  const held = firstLine.holdBack('createIndexes');
  const rename = [{ from: world.source, to: name }];
  const restoreId = await admin.restore(backupId, { targetName: 'production', mode: 'into-empty', rename });
  await met('the middle of the loading', () => held.count > 0);
  const next = await world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: nextLine.uri });
  store.cut();
  await first.stop('SIGKILL');
  expect(await inTarget()).toContain('_hazina_restore');
  return { restoreId, next };
}

/** The target has nothing of the restore, and nothing else is left. */
async function expectCleared(next: ServiceProcess): Promise<void> {
  expect(await inTarget()).toEqual([]);
  store.mend();
  await expectNothingLeft(world, [api, next]);
}

describe('F41 a worker that is killed while it loads', () => {
  it('F41 and the last attempt has no store: the target has nothing of it', async () => {
    const { restoreId, next } = await killedWhileLoading();
    const done = await admin.restored(restoreId, undefined, patienceMs);
    expect(done).toMatchObject({ status: 'failed', error: { code: 'store/unreachable' } });
    await expectCleared(next);
  });

  it('F41 and the last attempt has neither store nor target: it is tried again until the target is clean', async () => {
    nextLine.cut();
    const { restoreId, next } = await killedWhileLoading();
    await met('a further try', async () => {
      const found = await record(restoreId);
      return found?.['status'] === 'pending' && found['failures'] === 1;
    });
    expect(await record(restoreId)).toMatchObject({ error: { code: 'store/unreachable' }, completedAt: null });
    nextLine.mend();
    // The pause is half a minute: who asks the API so often is told to slow down.
    await met('its end', async () => (await record(restoreId))?.['completedAt'] instanceof Date);
    const done = await admin.restored(restoreId, undefined, patienceMs);
    expect(done).toMatchObject({ status: 'failed', error: { code: 'store/unreachable' } });
    await expectCleared(next);
  });

  it.each([
    ['', {}],
    // Noted before the plan in the target turns, which it did not come to.
    [', though its record says that it gives names', { phase: 'renaming' }],
  ])('F41 and is not the first: who comes after the last only cleans up%s', async (_what, more) => {
    const { restoreId, next } = await killedWhileLoading();
    // As if two had been killed before.
    await world.client
      .db(world.catalog)
      .collection('restores')
      .updateOne({ restoreId }, { $set: { 'claim.lost': 3, ...more } });
    const done = await admin.restored(restoreId, undefined, patienceMs);
    expect(done).toMatchObject({ status: 'failed', attempt: 2, error: { code: 'worker-lost' } });
    await expectCleared(next);
  });

  it('F41 and somebody cancels while there is no store: the target has nothing of it', async () => {
    const { restoreId, next } = await killedWhileLoading();
    expect((await admin.post(`/api/admin/restores/${restoreId}/cancel`)).status).toBe(202);
    const done = await admin.restored(restoreId, undefined, patienceMs);
    expect(done).toMatchObject({ status: 'cancelled', error: null, errorMessage: null });
    await expectCleared(next);
  });
});
