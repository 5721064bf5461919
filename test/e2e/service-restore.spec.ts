import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ApiClient } from '../support/api-client.js';
import { compareDatabases } from '../support/compare-databases.js';
import type { ServiceProcess } from '../support/service-process.js';
import { ServiceWorld } from '../support/service-world.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { services, uniqueDatabase } from '../services/services.js';

// Restores over HTTP, by API and worker as users start them: into new names, into scratch databases, over what is there; refused, planned and cancelled.

jest.setTimeout(90_000);
let world: ServiceWorld;
let api: ServiceProcess;
let worker: ServiceProcess;
let admin: ApiClient;
let backupId: string;
let made: Awaited<ReturnType<ServiceWorld['fill']>>;
let slow: TcpProxy;
const uri = services().mongodbUri;
const databases: string[] = [];

beforeAll(async () => {
  world = await ServiceWorld.create('bucket', {
    RESTORE_TARGETS: 'staging,production,far-away',
    RESTORE_TARGET_STAGING_SCRATCH: 'true',
  });
  made = await world.fill(3000);
  slow = await startTcpProxy(uri, { latencyMs: 50, bandwidth: 400_000 });
  [api, worker] = await Promise.all([
    world.startApi(),
    world.startWorker({
      RESTORE_TARGET_STAGING_URI: uri,
      RESTORE_TARGET_PRODUCTION_URI: uri,
      RESTORE_TARGET_FAR_AWAY_URI: slow.uri,
    }),
  ]);
  admin = world.as('admin', api);
  backupId = await admin.trigger();
  expect(await admin.settled(backupId)).toMatchObject({ status: 'completed' });
}, 120_000);
afterEach(async () => {
  for (const name of databases.splice(0)) await world.client.db(name).dropDatabase();
});
afterAll(async () => {
  await slow.close();
  await world.close();
});

function newName(): string {
  const name = uniqueDatabase('restored');
  databases.push(name);
  return name;
}

const renamedTo = (to: string) => ({ rename: [{ from: world.source, to }] });
const compared = (db: string) => compareDatabases({ uri, db: world.source }, { uri, db });
const namesIn = async (db: string): Promise<string[]> =>
  (await world.client.db(db).listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);

it('is planned first: a dry run tells what would be done, and does nothing', async () => {
  const name = newName();
  const wish = { targetName: 'production', mode: 'into-empty' as const, dryRun: true, ...renamedTo(name) };
  const done = await admin.restored(await admin.restore(backupId, wish));
  expect(done).toMatchObject({ status: 'completed', report: { dryRun: true, outcome: 'planned' } });
  const planned = (done.report as { namespaces: { db: string; documents: number; action: string }[] }).namespaces;
  expect(planned.every(({ db, action }) => db === name && action === 'create')).toBe(true);
  expect(planned.reduce((sum, { documents }) => sum + documents, 0)).toBe(made.documents);
  expect(await namesIn(name)).toEqual([]);
});

it('goes under a new name, equal to the original, and is refused there a second time', async () => {
  const name = newName();
  const wish = { targetName: 'production', mode: 'into-empty' as const, ...renamedTo(name) };
  const asked = await admin.post(`/api/admin/backups/${backupId}/restore`, wish, { 'x-correlation-id': 'restore-01' });
  expect(asked.status).toBe(202);
  const restoreId = String(asked.body.restoreId);
  expect(asked.headers.get('location')).toBe(`/api/admin/restores/${restoreId}`);
  expect(await admin.restored(restoreId)).toMatchObject({
    ...{ status: 'completed', correlationId: 'restore-01', attempt: 1, errorMessage: null, safetyBackupId: null },
    report: { outcome: 'restored', documents: made.documents },
  });
  expect(await compared(name)).toMatchObject({ differences: [], documents: made.documents });
  const lines = worker.lines.filter(
    (line) => line['correlationId'] === 'restore-01' && line['restoreId'] === restoreId,
  );
  expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['restore claimed', 'restore completed']));

  const again = await admin.restored(await admin.restore(backupId, wish));
  expect(again).toMatchObject({ status: 'failed', error: { code: 'target/not-empty', retryable: false } });
  expect(await compared(name)).toMatchObject({ differences: [], documents: made.documents });
});

it('goes into databases of its own, for operators too', async () => {
  const operator = world.as('operator', api);
  const restoreId = await operator.restore(backupId, { targetName: 'staging', mode: 'scratch' });
  const done = await operator.restored(restoreId);
  expect(done).toMatchObject({ status: 'completed', requestedBy: 'test-operator' });
  const { db } = (done.report as { namespaces: { db: string }[] }).namespaces[0] ?? { db: '' };
  databases.push(db);
  expect(db).toContain(`hazina_scratch_${restoreId.slice(-6)}_`);
  const { differences, documents } = await compared(db);
  expect(differences).toEqual([`_hazina_scratch: only in ${db}`]);
  expect(documents).toBe(made.documents);
  const refused = await operator.post(`/api/admin/backups/${backupId}/restore`, {
    ...{ targetName: 'production', mode: 'into-empty' },
  });
  expect(refused.status).toBe(403);
});

it('replaces what is there when that is confirmed, after a backup of it', async () => {
  const name = newName();
  const patients = world.client.db(name).collection('patients');
  await patients.insertMany([{ _id: 'precious' as never }, { _id: 'newer' as never }]);
  await patients.createIndex({ other: 1 });
  const wish = { targetName: 'production', mode: 'replace' as const, ...renamedTo(name) };
  const unsure = await admin.post(`/api/admin/backups/${backupId}/restore`, wish);
  expect([unsure.status, unsure.body.type]).toEqual([422, 'https://hazina.dev/problems/restore-confirmation-needed']);
  const done = await admin.restored(await admin.restore(backupId, { ...wish, confirm: 'production' }));
  expect(done).toMatchObject({ status: 'completed' });
  expect(await compared(name)).toMatchObject({ differences: [], documents: made.documents });

  const safetyId = String(done.safetyBackupId);
  expect(await admin.backup(safetyId)).toMatchObject({
    ...{ status: 'completed', trigger: 'safety', target: 'safety-production' },
    metadata: { totalDocuments: 2 },
  });
  const other = newName();
  const rename = [{ from: name, to: other }];
  const back = { targetName: 'production', mode: 'into-empty' as const, rename };
  expect(await admin.restored(await admin.restore(safetyId, back))).toMatchObject({ status: 'completed' });
  expect(await world.client.db(other).collection('patients').distinct('_id')).toEqual(['newer', 'precious']);
});

describe('while one runs', () => {
  it('another into the same target is refused, its backup stays, and a cancel ends it with the target as it was', async () => {
    const name = newName();
    const wish = { targetName: 'far-away', mode: 'into-empty' as const, ...renamedTo(name) };
    const restoreId = await admin.restore(backupId, wish);
    await admin.restored(restoreId, ({ phase, status }) => status === 'in_progress' && phase === 'loading');
    const second = await admin.post(`/api/admin/backups/${backupId}/restore`, wish);
    expect([second.status, second.body.runningId]).toEqual([409, restoreId]);
    const removed = await admin.delete(`/api/admin/backups/${backupId}?force=true`);
    expect(removed.status).toBe(409);

    await admin.settledWhen(
      async () => (await namesIn(name)).some((found) => found.startsWith('_hazina_tmp_')),
      'what is being loaded',
    );
    const wished = performance.now();
    expect((await admin.post(`/api/admin/restores/${restoreId}/cancel`)).status).toBe(202);
    const done = await admin.restored(restoreId);
    expect(done).toMatchObject({ status: 'cancelled', error: null });
    expect(performance.now() - wished).toBeLessThan(15_000);
    expect(await namesIn(name)).toEqual([]);
    expect((await admin.post(`/api/admin/restores/${restoreId}/cancel`)).status).toBe(409);
    const third = await admin.restore(backupId, { ...wish, targetName: 'production' });
    expect(await admin.restored(third)).toMatchObject({ status: 'completed' });
  });
});
