import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyStampOf, type Catalog } from '#catalog';
import { systemClock, systemRandom, type CleanupResult } from '#contracts';
import { bindStore } from '#pipeline';
import { createStore } from '#storage';
import { noAbort } from '../support/backup-world.js';
import { catalogWorld, completedBackup, type CatalogWorld } from '../support/catalog-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// hazina destinations cleanup: what a destination's own retention lets go, looked at and confirmed by hand.

const dayMs = 86_400_000;
const world = new CliWorld();
let catalogs: CatalogWorld;
let catalog: Catalog;
let environment: Environment;
const ids: string[] = [];

beforeAll(async () => {
  catalogs = await catalogWorld();
  ({ catalog } = catalogs);
  const directoryOf = (name: string) => join(world.folder, name);
  const bind = async (name: string, binding: Parameters<typeof bindStore>[0]['binding']) => {
    mkdirSync(directoryOf(name));
    const store = await createStore({ kind: 'directory', directory: directoryOf(name) });
    await bindStore({ binding, store, clock: systemClock, random: systemRandom }, noAbort);
    await store.close();
  };
  await bind('store', catalog.settings);
  await bind('vault', {
    storeId: () => catalog.settings.destinationStoreId('vault'),
    bindStore: (found) => catalog.settings.bindDestination('vault', found),
  });
  const file = configure('targets.json', { retention: { retentionDays: 30, minKeep: 1 } });
  environment = { ...world.environment, BACKUP_TARGETS_FILE: file, CATALOG_MONGODB_URI: catalogs.uri.reveal() };
  for (const days of [1, 40, 80]) {
    const at = new Date(Date.now() - days * dayMs);
    ids.push(await completedBackup(catalog, 'clinic', {}, at));
  }
  const vault = await createStore({ kind: 'directory', directory: directoryOf('vault') });
  await catalog.copies.plan({ destination: 'vault', targets: ['clinic'], ownRetention: true });
  for (let copy = await claimed(); copy !== null; copy = await claimed()) {
    const backup = await catalog.backups.find(copy.backupId);
    if (backup === null) throw new Error('no backup');
    const done = { at: new Date(), stamp: copyStampOf(backup), bytes: 4096, lockedUntil: null, verifyAt: null };
    for (const object of ['1/data.hzn', '1/manifest.hzn', 'backup.json'])
      await vault.putBytes(`clinic/${copy.backupId}/${object}`, Buffer.alloc(1));
    await catalog.copies.copied({ id: copy.copyId, fence: copy.claim.fence }, done);
  }
  await vault.close();
}, 60_000);
afterAll(async () => {
  await catalogs.close();
  await world.close();
});

/** A targets file with such a vault. */
function configure(file: string, vault: object): string {
  const directory = join(world.folder, 'vault');
  const path = join(world.folder, file);
  const destinations = { vault: { kind: 'directory', directory, ...vault } };
  writeFileSync(path, JSON.stringify({ destinations, targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI' }] }));
  return path;
}

const claimed = () => catalog.copies.claimNext('vault', 'test/1/a', new Date());
const states = async () => (await catalog.copies.of(ids)).map(({ state }) => state).sort();

interface Report extends Pick<CleanupResult, 'decisions'> {
  readonly expired: readonly string[];
  readonly reports: readonly string[];
  readonly wanted: number;
}

it('a copy that is gone from there protects no older one', async () => {
  const newest = join(world.folder, 'vault', 'clinic', ids[0] ?? '');
  renameSync(newest, join(world.folder, 'aside'));
  const dry = await hazina(['destinations', 'cleanup', 'vault', '--dry-run', '--json'], environment);
  renameSync(join(world.folder, 'aside'), newest);
  expect({ code: dry.code, stderr: dry.stderr }).toEqual({ code: 0, stderr: '' });
  const { decisions, expired, reports } = JSON.parse(dry.stdout) as Report;
  expect(decisions).toMatchObject([
    { backupId: ids[1], decision: 'keep' },
    { backupId: ids[2], decision: 'remove' },
  ]);
  expect([expired, reports]).toEqual([[ids[2]], [`${ids[0] ?? ''} is not there: the workers copy it again`]]);
}, 60_000);

it('over half waits for its number: the dry run tells it, the run takes it, the workers remove', async () => {
  const dry = await hazina(['destinations', 'cleanup', 'vault', '--dry-run', '--json'], environment);
  expect(dry.code).toBe(16);
  const told = JSON.parse(dry.stdout) as Report;
  expect(told).toMatchObject({ destination: 'vault', dryRun: true, expired: [], wanted: 2, confirmationNeeded: true });
  expect(told.decisions.map(({ decision }) => decision).sort()).toEqual(['keep', 'kept-by-refusal', 'kept-by-refusal']);
  expect((await hazina(['destinations', 'cleanup', 'vault'], environment)).code).toBe(16);
  expect(await states()).toEqual(['copied', 'copied', 'copied']);

  const run = await hazina(['destinations', 'cleanup', 'vault', '--confirm', '2'], environment);
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  expect(run.stdout).toContain('2 copies given to the workers, which remove them from vault\n');
  expect(run.stdout).toMatch(/^remove +clinic-.* {2}\S/m);
  expect(await states()).toEqual(['copied', 'removing', 'removing']);
  const again = await hazina(['destinations', 'cleanup', 'vault', '--json'], environment);
  expect([again.code, (JSON.parse(again.stdout) as Report).expired]).toEqual([0, []]);
}, 120_000);

it('what its retention had kept beyond the primary store goes, when it has none any more, only by its number', async () => {
  const bare = { ...environment, BACKUP_TARGETS_FILE: configure('bare.json', {}) };
  const cleanUp = async (...options: string[]) => {
    const ran = await hazina(['destinations', 'cleanup', 'vault', '--json', ...options], bare);
    return { code: ran.code, ...(JSON.parse(ran.stdout) as Report) };
  };
  expect(await cleanUp()).toMatchObject({ code: 0, decisions: [], expired: [] });
  const [newest = ''] = ids;
  await catalog.backups.beginDelete(newest, 'test', new Date(), { cause: 'retention' });
  await catalog.backups.deleted(newest, new Date());
  await catalog.copies.plan({ destination: 'vault', targets: ['clinic'], ownRetention: true });
  await catalog.copies.plan({ destination: 'vault', targets: ['clinic'], ownRetention: false });
  for (const options of [[], ['--dry-run'], ['--confirm', '2']])
    expect(await cleanUp(...options)).toMatchObject({
      ...{ code: 16, wanted: 1, expired: [] },
      decisions: [
        {
          backupId: newest,
          decision: 'kept-by-refusal',
          reasons: [expect.stringContaining('no retention of its own'), expect.stringContaining('number 1')],
        },
      ],
    });
  expect(await states()).toEqual(['copied', 'removing', 'removing']);
  expect(await cleanUp('--confirm', '1')).toMatchObject({ code: 0, expired: [newest] });
  expect(await states()).toEqual(['removing', 'removing', 'removing']);
}, 120_000);

it('is refused, with a next step, where there is nothing to decide or nobody knows enough', async () => {
  const failing = (name: string, more: Environment = {}) =>
    world.failing(['destinations', 'cleanup', name], { ...environment, ...more });
  expect(await failing('cellar')).toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('no destination cellar'),
  });
  const { CATALOG_MONGODB_URI: _catalog, ...alone } = environment;
  expect(await world.failing(['destinations', 'cleanup', 'vault'], alone)).toMatchObject({
    message: expect.stringContaining('CATALOG_MONGODB_URI is not set'),
  });
  // An empty volume in the place of the primary store: the copies may be all that there is.
  mkdirSync(join(world.folder, 'empty'));
  expect(await failing('vault', { BACKUP_DIRECTORY: join(world.folder, 'empty') })).toMatchObject({
    ...{ code: 'store/changed', exitCode: 14, message: expect.stringContaining('The primary store') },
    hint: expect.stringContaining('hazina destinations accept primary'),
  });
  // The same in the place of the destination.
  renameSync(join(world.folder, 'vault'), join(world.folder, 'unmounted'));
  mkdirSync(join(world.folder, 'vault'));
  expect(await failing('vault')).toMatchObject({
    ...{ code: 'store/changed', exitCode: 14, message: expect.stringContaining('Destination vault') },
    hint: expect.stringContaining('hazina destinations accept vault'),
  });
}, 120_000);
