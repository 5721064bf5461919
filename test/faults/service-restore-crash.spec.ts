import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ApiClient } from '../support/api-client.js';
import { compareDatabases } from '../support/compare-databases.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';

// Workers that are killed in the middle of a restore. What the first one sends to its target is held back at a chosen place, so that the middle is met however
// slow or fast the machine is.

jest.setTimeout(600_000);
const patienceMs = 180_000;
const uri = services().mongodbUri;
let world: ServiceWorld;
let api: ServiceProcess;
let admin: ApiClient;
let line: TcpProxy;
let name: string;

beforeEach(async () => {
  name = uniqueDatabase('restored');
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off', RESTORE_TARGETS: 'production' });
  await world.fill(3000);
  line = await startTcpProxy(uri);
  api = await world.startApi();
  admin = world.as('admin', api);
}, 300_000);
afterEach(async () => {
  await world.client.db(name).dropDatabase();
  await world.close();
  await line.close();
}, 180_000);

const firstWorker = () => world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: line.uri });

const wish = () => ({
  ...{ targetName: 'production', mode: 'into-empty' as const },
  rename: [{ from: world.source, to: name }],
});
const namesInTarget = async (): Promise<string[]> =>
  (await world.client.db(name).listCollections({}, { nameOnly: true }).toArray()).map((found) => found.name).sort();
const isOurs = (found: string): boolean => found.startsWith('_hazina_');
const plan = () => world.client.db(name).collection('_hazina_restore').findOne();

const met = (what: string, condition: () => boolean | Promise<boolean>) =>
  waitUntil(async () => condition(), { what, timeoutMs: patienceMs });

async function expectWhole(backupId: string, restoreId: string): Promise<Record<string, unknown>> {
  const done = await admin.restored(restoreId, undefined, patienceMs);
  expect(done).toMatchObject({ status: 'completed', error: null, errorMessage: null });
  expect(Number(done.attempt)).toBeGreaterThan(1);
  // Neither temporaries nor the plan: they would be collections of one side only.
  const { differences } = await compareDatabases({ uri, db: world.source }, { uri, db: name });
  expect(differences).toEqual([]);
  expect((await admin.delete(`/api/admin/backups/${backupId}?force=true`)).status).toBe(202);
  return done;
}

describe('a worker that is killed', () => {
  it('F41 while it loads: the next one removes what was loaded, and begins anew', async () => {
    const first = await firstWorker();
    const backupId = await admin.trigger();
    await admin.settled(backupId, ['completed'], patienceMs);
    // Indexes are built while the other collections are loaded.
    const held = line.holdBack('createIndexes');
    const restoreId = await admin.restore(backupId, wish());
    await met('the middle of the loading', () => held.count > 0);
    await met('documents under a temporary name', async () => {
      for (const found of await namesInTarget())
        if (found.startsWith('_hazina_tmp_') && (await world.client.db(name).collection(found).findOne()) !== null)
          return true;
      return false;
    });
    await first.stop('SIGKILL');
    expect(await plan()).toMatchObject({ phase: 'loading', backupId });
    expect((await namesInTarget()).every(isOurs)).toBe(true);
    const used = await admin.delete(`/api/admin/backups/${backupId}?force=true`);
    expect(used.status).toBe(409);
    const next = await world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: uri });
    const done = await expectWhole(backupId, restoreId);
    expect((done['report'] as { warnings: string[] }).warnings.join()).not.toContain('it was finished');
    await expectNothingLeft(world, [api, next]);
  });

  it('F41 while it loads, and somebody cancels before the next one is there: it only cleans up', async () => {
    const first = await firstWorker();
    const backupId = await admin.trigger();
    await admin.settled(backupId, ['completed'], patienceMs);
    const held = line.holdBack('createIndexes');
    const restoreId = await admin.restore(backupId, wish());
    await met('the middle of the loading', () => held.count > 0);
    await met('a temporary', async () => (await namesInTarget()).some((found) => found.startsWith('_hazina_tmp_')));
    await first.stop('SIGKILL');
    expect((await admin.post(`/api/admin/restores/${restoreId}/cancel`)).status).toBe(202);
    const next = await world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: uri });
    const done = await admin.restored(restoreId, undefined, patienceMs);
    expect(done).toMatchObject({ status: 'cancelled', error: null });
    expect(await namesInTarget()).toEqual([]);
    await expectNothingLeft(world, [api, next]);
  });

  it('F41 among the renames: the next one finishes them, and loads nothing again', async () => {
    const first = await firstWorker();
    const backupId = await admin.trigger();
    await admin.settled(backupId, ['completed'], patienceMs);
    // In BSON: the second temporary's name, and then the field `to`.
    const held = line.holdBack('_1\0\u0002to\0');
    const restoreId = await admin.restore(backupId, wish());
    await met('the second rename', () => held.count > 0);
    await met('the first collection under its name', async () => (await namesInTarget()).some((one) => !isOurs(one)));
    await first.stop('SIGKILL');
    const left = await namesInTarget();
    expect(left.some((found) => found.startsWith('_hazina_tmp_'))).toBe(true);
    expect(await plan()).toMatchObject({ phase: 'renaming', backupId });
    const late = await admin.post(`/api/admin/restores/${restoreId}/cancel`);
    expect([late.status, late.body.type]).toEqual([409, 'https://hazina.dev/problems/restore-refused']);
    const next = await world.startWorker({ RESTORE_TARGET_PRODUCTION_URI: uri });
    const done = await expectWhole(backupId, restoreId);
    expect((done['report'] as { warnings: string[] }).warnings.join()).toContain('it was finished');
    await expectNothingLeft(world, [api, next]);
  });
});
