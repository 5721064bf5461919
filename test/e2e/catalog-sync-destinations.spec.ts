import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SyncResult } from '#contracts';
import { catalogWorld, type CatalogWorld } from '../support/catalog-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// A catalogue that is made anew knows nothing of what stands in a destination alone: hazina catalog sync names it.

const world = new CliWorld();
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
      targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI', databases: [world.database] }],
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
