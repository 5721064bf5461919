import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupJson, SyncResult } from '#contracts';
import { catalogWorld, type CatalogWorld } from '../support/catalog-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// A catalogue that is made anew knows nothing of what stands in a destination alone: hazina catalog sync names it, or takes it for the copy that it was.

const world = new CliWorld();
const clinic = { name: 'clinic', uriVariable: 'MONGODB_URI', databases: [world.database] };
const at = (...path: string[]) => join(world.folder, ...path);
let catalogs: CatalogWorld;
let environment: Environment;
let backupId: string;

beforeAll(async () => {
  catalogs = await catalogWorld();
  await world.client.db(world.database).collection('patients').insertOne({ name: 'a' });
  const destination = (name: string) => ({ kind: 'directory', directory: at(name) });
  writeFileSync(
    at('targets.json'),
    JSON.stringify({
      destinations: { vault: destination('vault'), attic: destination('attic') },
      targets: [clinic],
    }),
  );
  environment = { ...world.environment, BACKUP_TARGETS_FILE: at('targets.json') };
  ({ backupId } = await world.backup(environment));
  await copy('--to');
  environment['CATALOG_MONGODB_URI'] = catalogs.uri.reveal();
}, 180_000);
afterAll(async () => {
  await catalogs.close();
  await world.close();
});

async function copy(way: '--from' | '--to'): Promise<void> {
  const run = await hazina(['destinations', 'copy', backupId, way, 'vault', '--json'], environment);
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
}

async function sync(...args: string[]): Promise<SyncResult> {
  return syncBy(environment, ...args);
}

async function syncBy(environment: Environment, ...args: string[]): Promise<SyncResult> {
  const run = await hazina(['catalog', 'sync', '--json', ...args], environment);
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(run.stdout) as SyncResult;
}

const named = (id: string) =>
  `${id} stands in vault and has no record: hazina destinations copy ${id} --from vault, then sync again`;
const away = expect.stringMatching(
  /^Destination attic was not looked at: \S*attic is empty: nothing was copied there yet/,
);

it('a dry run does not name what the sync itself would make a record of', async () => {
  const { counts, reports } = await sync('--dry-run');
  expect(counts).toMatchObject({ rebuilt: 1 });
  expect(reports).toEqual([away]);
}, 180_000);

it('names what stands in a destination alone, and a destination that is not there', async () => {
  rmSync(at('store', 'clinic', backupId), { recursive: true });
  for (const args of [['--dry-run'], [], ['--target', 'clinic']]) {
    const { reports, problems, counts } = await sync(...args);
    expect(reports).toEqual([named(backupId), away]);
    expect([problems, counts.rebuilt]).toEqual([0, 0]);
  }
  expect((await sync('--target', 'other')).reports).toEqual([away]);
  const { code, stdout } = await hazina(['catalog', 'sync'], environment);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`NOTE      ${named(backupId)}\n`)]);
}, 180_000);

it('names twenty of a destination, and counts the others', async () => {
  const ids = Array.from({ length: 22 }, (_, one) => `clinic-20200101T0000${10 + one}Z-000000`);
  for (const id of ids) cpSync(at('vault', 'clinic', backupId), at('vault', 'clinic', id), { recursive: true });
  const { reports } = await sync();
  for (const id of ids) rmSync(at('vault', 'clinic', id), { recursive: true });
  expect(reports).toEqual([...ids.slice(0, 20).map(named), 'vault holds 3 more without a record', away]);
}, 180_000);

it('does not name what the catalogue knows as a copy: the record of a deleted backup goes before a copy that is kept longer', async () => {
  expect((await sync()).reports).toEqual([named(backupId), away]);
  const copies = catalogs.client.db(catalogs.database).collection('copies');
  const known = { copyId: `${backupId}/vault`, backupId, target: 'clinic', destination: 'vault', state: 'copied' };
  await copies.insertOne({ ...known });
  try {
    expect((await sync()).reports).toEqual([away]);
  } finally {
    await copies.deleteOne({ copyId: known.copyId });
  }
}, 180_000);

it('a destination that is another store than it was is told, and is no failure', async () => {
  await catalogs.catalog.settings.bindDestination('vault', 'f'.repeat(32));
  const { reports } = await sync();
  await catalogs.catalog.settings.forgetDestination('vault');
  expect(reports).toEqual([expect.stringMatching(/^Destination vault was not looked at: .*f{32}/), away]);
}, 180_000);

it('what was copied home gets its record by the next sync, and one that is deleted keeps it', async () => {
  await copy('--from');
  const { changes, reports } = await sync();
  expect(changes).toMatchObject([{ backupId, change: 'rebuilt' }]);
  expect(reports).toEqual([away]);
  rmSync(at('store', 'clinic', backupId), { recursive: true });
  const records = catalogs.client.db(catalogs.database).collection('backups');
  expect((await records.updateOne({ backupId }, { $set: { status: 'deleted' } })).matchedCount).toBe(1);
  expect((await sync()).reports).toEqual([away]);
}, 180_000);

it('destinations that this machine cannot read the settings of are told, too', async () => {
  const file = at('broken.json');
  const bucket = { kind: 's3', bucket: 'x', accessKeyIdVariable: 'NOT_SET', secretAccessKeyVariable: 'NOT_SET_EITHER' };
  writeFileSync(
    file,
    JSON.stringify({ destinations: { far: bucket }, targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI' }] }),
  );
  const run = await hazina(['catalog', 'sync', '--json'], { ...environment, BACKUP_TARGETS_FILE: file });
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  expect((JSON.parse(run.stdout) as SyncResult).reports).toEqual([
    expect.stringMatching(/^The destinations were not looked at: .*NOT_SET/),
  ]);
}, 180_000);

describe('a destination that keeps by a policy of its own', () => {
  const forged = 'clinic-20200101T000010Z-000000';
  const unproven = expect.stringMatching(new RegExp(`^${forged} in vault gets no record, for nothing proves`));
  const adopted = () => [
    `${backupId} stands in vault alone, and is a copy of it again`,
    expect.stringMatching(/^vault keeps them by its own retention/),
  ];
  const copies = () => catalogs.client.db(catalogs.database).collection('copies');
  const own = (target: object = clinic): Environment => {
    const file = at('own.json');
    const vault = { kind: 'directory', directory: at('vault'), retention: { retentionDays: 3650 } };
    writeFileSync(file, JSON.stringify({ destinations: { vault }, targets: [target] }));
    return { ...environment, BACKUP_TARGETS_FILE: file };
  };

  beforeAll(async () => {
    await catalogs.client.db(catalogs.database).collection('backups').deleteMany({});
    cpSync(at('vault', 'clinic', backupId), at('vault', 'clinic', forged), { recursive: true });
  });

  it('may hold all that there is: nothing is taken for expired while no younger one is at home, or nobody can tell its store', async () => {
    expect((await syncBy(own())).reports).toEqual([named(forged), named(backupId)]);
    await world.backup(environment);
    expect((await syncBy(own())).reports).toEqual([named(forged), named(backupId)]);
    expect(await copies().countDocuments()).toBe(0);
  }, 180_000);

  it('has copies again of what retention removed from the primary store, when our key proves it', async () => {
    const identity = { schema: 'hazina-store/1', storeId: 'a'.repeat(32), kdfSalt: 'b'.repeat(32) };
    writeFileSync(at('vault', 'hazina.json'), JSON.stringify({ ...identity, createdAt: new Date().toISOString() }));
    const { settings } = catalogs.catalog;
    expect(await syncBy(own(), '--dry-run')).toMatchObject({ reports: [...adopted(), unproven], problems: 0 });
    expect([await copies().countDocuments(), await settings.destinationStoreId('vault')]).toEqual([0, null]);
    // Not of a target that is not copied there.
    expect((await syncBy(own({ ...clinic, replicas: [] }))).reports).toEqual([named(forged), named(backupId)]);

    expect(await syncBy(own())).toMatchObject({ reports: [...adopted(), unproven], problems: 0 });
    expect(await settings.destinationStoreId('vault')).toBe(identity.storeId);
    const file = readFileSync(at('vault', 'clinic', backupId, 'backup.json'), 'utf8');
    const { attempt, completedAt, objects, keyIds } = JSON.parse(file) as BackupJson;
    const { sha256, bytes } = objects.data;
    expect(await copies().find().toArray()).toMatchObject([
      {
        ...{ copyId: `${backupId}/vault`, backupId, destination: 'vault', target: 'clinic', state: 'copied' },
        ...{ completedAt: new Date(completedAt), bytes, storedBytes: bytes, sealedAs: attempt },
        ...{ stamp: [sha256, 0, ...keyIds].join(' '), verifiedAt: null, verifyAt: null, lockedUntil: null },
      },
    ]);
    expect((await syncBy(own())).reports).toEqual([unproven]);
    const run = await hazina(['destinations', 'cleanup', 'vault', '--dry-run', '--json'], own());
    expect({ code: run.code, names: run.stdout.includes(backupId) }).toEqual({ code: 0, names: true });
  }, 180_000);
});
