import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import type { SyncResult } from '#contracts';
import { askEveryMs, type ApiClient } from '../support/api-client.js';
import { errorOf } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { ServiceWorld, type Settings } from '../support/service-world.js';
import { waitUntil } from '../services/services.js';

/** What the store cannot know: docs/catalog-sync.md lists it with the reasons. */
const lostFields = {
  // Never left the catalogue, or belonged to the run.
  ...{ correlationId: '', events: [], claim: {}, jobNumber: 0, failures: 0, progress: null, resources: null },
  waitingSince: null,
  // To the second.
  createdAt: null,
  // The catalogue's own.
  ...{ _id: null, __v: 0, changedAt: null },
};

/** A record without what cannot come back. */
const knowable = (record: Document) => ({ ...record, ...lostFields });

describe('hazina catalog sync', () => {
  let world: ServiceWorld;
  let environment: Settings;
  let operator: ApiClient;
  let admin: ApiClient;

  beforeEach(async () => {
    world = await ServiceWorld.create('bucket', { BACKUP_VERIFY: 'off' });
    await world.fill(100);
    const api = await world.startApi();
    operator = world.as('operator', api);
    admin = world.as('admin', api);
    environment = { ...world.cliEnvironment, CATALOG_MONGODB_URI: world.uri(world.catalog) };
  }, 90_000);
  afterEach(() => world.close());

  const sync = async (...args: string[]): Promise<SyncResult> => {
    const run = await hazina(['catalog', 'sync', '--json', ...args], environment);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(run.stdout) as SyncResult;
  };
  const dropCatalogue = async () => {
    const database = world.client.db(world.catalog);
    for (const { name } of await database.listCollections({}, { nameOnly: true }).toArray())
      await database.collection(name).deleteMany({});
  };
  const byId = async () =>
    (await world.records()).sort((a, b) => (String(a['backupId']) < String(b['backupId']) ? -1 : 1));

  it('a catalogue dropped in full comes back, record by record', async () => {
    const worker = await world.startWorker();
    const ids: string[] = [];
    for (const body of [{}, { label: 'before the move', pinned: true }, {}]) {
      ids.push(await operator.trigger(body));
      await operator.settled(ids.at(-1) ?? '', ['completed']);
    }
    const [, , third = ''] = ids;
    expect((await operator.patch(`/api/admin/backups/${third}`, { label: 'changed later' })).status).toBe(200);
    for (const [at, level] of (['readable', 'stored'] as const).entries()) {
      const backupId = ids[at] ?? '';
      expect((await operator.post(`/api/admin/backups/${backupId}/verify`, { level })).status).toBe(202);
      const isRead = async () => ((await operator.backup(backupId)).verifications as unknown[]).length === 1;
      await operator.settledWhen(isRead, `the verification of ${backupId}`);
    }
    await waitUntil(async () => (await world.records({ marksBehind: true })).length === 0, { what: 'the marks' });
    const cli = await hazina(['backup', '--json', '--label', 'by hand', '--exclude', '*.nothing'], environment);
    expect(cli.code).toBe(0);
    await worker.stop('SIGTERM');
    const before = await byId();
    expect(before).toHaveLength(4);
    expect(before.map(({ part }) => part !== null)).toEqual(before.map(({ trigger }) => trigger === 'cli'));
    const read = before.filter(({ verifications }) => (verifications as unknown[]).length === 1);
    expect(read.map(({ backupId }) => String(backupId)).sort()).toEqual(ids.slice(0, 2).sort());

    // With its indexes, and an API that lives on.
    await world.client.db(world.catalog).dropDatabase();
    expect(await sync('--dry-run')).toMatchObject({ dryRun: true, found: 4, counts: { rebuilt: 4 } });
    expect(await byId()).toEqual([]);
    expect(await sync()).toMatchObject({ found: 4, counts: { rebuilt: 4, missing: 0 }, problems: 0, foreign: 0 });
    const after = await byId();
    expect(after.map(knowable)).toEqual(before.map(knowable));
    for (const [at, record] of after.entries()) {
      // By the id; a command makes its id before it has reached the catalogue.
      const created = (before[at]?.['createdAt'] as Date).getTime();
      const lateMs = created - (record['createdAt'] as Date).getTime();
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(record['trigger'] === 'cli' ? 60_000 : 1000);
      expect((record['claim'] as Document)['fence']).toBe((before[at]?.['claim'] as Document)['fence']);
    }
    expect(await sync()).toMatchObject({ found: 4, unchanged: 4, changes: [] });

    // The service goes on with them.
    const again = await world.startWorker();
    expect((await operator.get('/api/admin/backups')).body).toMatchObject({ pagination: { total: 4 } });
    expect((await operator.post(`/api/admin/backups/${third}/verify`)).status).toBe(202);
    await operator.settledWhen(
      async () => ((await operator.backup(third)).verificationStatus as { verified: boolean }).verified,
      'the verification',
    );
    expect((await admin.delete(`/api/admin/backups/${ids[0] ?? ''}`)).status).toBe(202);
    await operator.settled(ids[0] ?? '', ['deleted']);
    await again.stop('SIGTERM');
  }, 180_000);

  it('a worker that finds the catalogue lost brings it back by itself, once; a sync on request tells what it did', async () => {
    const first = await world.startWorker();
    const ids = [await operator.trigger()];
    await operator.settled(ids[0] ?? '', ['completed']);
    ids.push(await operator.trigger());
    await operator.settled(ids[1] ?? '', ['completed']);
    await first.stop('SIGTERM');
    await dropCatalogue();
    const recordOf = (id: string) =>
      waitUntil(async () => (await operator.get(`/api/admin/backups/${id}`)).status === 200, {
        ...{ intervalMs: askEveryMs, what: `the record of ${id}`, timeoutMs: 30_000 },
      });
    const hour = () => new Date().toISOString().slice(0, 13);
    const hours = new Set([hour()]);
    const workers = await Promise.all([world.startWorker(), world.startWorker()]);
    for (const id of ids) await recordOf(id);
    hours.add(hour());
    const tasks = world.client.db(world.catalog).collection('tasks');
    expect([1, hours.size]).toContain(await tasks.countDocuments({ kind: 'sync' }));

    // Set back to an older copy of itself, which knows the first alone.
    await Promise.all(workers.map((worker) => worker.stop('SIGTERM')));
    const records = world.client.db(world.catalog).collection('backups');
    expect(await records.deleteOne({ backupId: ids[1] })).toMatchObject({ deletedCount: 1 });
    // The task of this hour is done: the next one is another.
    await tasks.deleteMany({ kind: 'sync' });
    await world.startWorker();
    await recordOf(ids[1] ?? '');
    const begun = await waitUntil(() => tasks.findOne({ kind: 'sync', status: 'completed' }), { what: 'its end' });
    const { body } = await operator.request('GET', `/api/admin/catalog/sync/${String(begun['taskId'])}`);
    expect(body).toMatchObject({ status: 'completed', result: { counts: { rebuilt: 1 }, problems: 0 } });
    // Once more in the same hour: said, and no other task.
    await records.deleteOne({ backupId: ids[1] });
    const late = await world.startWorker();
    const line = await late.waitForLine(({ msg }) => msg === 'backup without a record', 'to say so');
    expect(line).toMatchObject({ backupId: ids[1] });
    if (line['taskId'] === begun['taskId']) {
      expect(String(line['consequence'])).toContain('begun in this hour');
      expect(await tasks.countDocuments({ kind: 'sync' })).toBe(1);
      await sync();
    }
    await recordOf(ids[1] ?? '');

    // Gone from the store behind the service's back, and something that is not ours.
    expect((await operator.post('/api/admin/catalog/sync')).status).toBe(403);
    const gone = ids[0] ?? '';
    const { keys } = await world.inStore();
    await world.removeKeys(keys.filter((key) => key.includes(gone)));
    const reply = await admin.post('/api/admin/catalog/sync', { target: 'clinic' });
    expect(reply.status).toBe(202);
    const location = reply.headers.get('location') ?? '';
    const done = await waitUntil(
      async () => {
        const { body } = await operator.request('GET', location);
        return body['status'] === 'completed' ? body : undefined;
      },
      { what: 'the sync', timeoutMs: 30_000 },
    );
    expect(done).toMatchObject({
      ...{ target: 'clinic', adopt: false, dryRun: false, error: null },
      result: { found: 1, unchanged: 1, counts: { missing: 1 }, changes: [{ backupId: gone, change: 'missing' }] },
    });
    expect(await operator.backup(gone)).toMatchObject({ status: 'missing' });
    expect((await operator.get('/api/admin/catalog/sync/sync-20260101T000000Z-aaaaaa')).status).toBe(404);
    const alerts = world.client.db(world.catalog).collection('notifications');
    await waitUntil(async () => (await alerts.countDocuments({ kind: 'missing', backupId: gone })) === 1, {
      what: 'the alert',
    });

    // What went while nobody worked is found by the next worker that starts.
    await tasks.deleteMany({ kind: 'sync' });
    const rest = ids[1] ?? '';
    await world.removeKeys(keys.filter((key) => key.includes(rest)));
    const finder = await world.startWorker();
    const told = await finder.waitForLine(({ msg }) => msg === 'record without a backup', 'to say so');
    expect(told).toMatchObject({ backupId: rest });
    await operator.settled(rest, ['missing']);
  }, 180_000);

  it('--adopt takes in what lost its commit mark; without a key, or without a catalogue, it is refused', async () => {
    const run = await hazina(['backup', '--json'], environment);
    const { backupId } = JSON.parse(run.stdout) as { backupId: string };
    const { keys } = await world.inStore();
    const [before] = await byId();
    await world.removeKeys(keys.filter((key) => key.endsWith(`${backupId}/backup.json`)));
    const told = await hazina(['catalog', 'sync', '--json'], environment);
    expect(told.code).toBe(11);
    expect(JSON.parse(told.stdout)).toMatchObject({ counts: { missing: 1 }, problems: 1 });
    await dropCatalogue();
    expect(await sync('--adopt')).toMatchObject({ counts: { adopted: 1 }, problems: 0 });
    expect((await byId()).map(knowable)).toEqual([knowable(before ?? {})]);
    expect((await hazina(['verify', backupId], environment)).code).toBe(0);

    const failing = async (without: string) => {
      const { [without]: _left, ...rest } = environment;
      return errorOf((await hazina(['catalog', 'sync', '--json'], rest)).stderr);
    };
    expect(await failing('BACKUP_ENCRYPTION_KEY')).toMatchObject({ exitCode: 13 });
    expect(await failing('CATALOG_MONGODB_URI')).toMatchObject({ exitCode: 3 });
  }, 120_000);
});
