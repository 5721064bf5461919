import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorOf } from '../support/cli-world.js';
import { expectNothingLeft } from '../support/nothing-left.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import type { LogLine, ServiceProcess } from '../support/service-process.js';
import { ServiceWorld, type Settings } from '../support/service-world.js';
import { services, startExtraMongodb, uniqueDatabase, waitUntil, type ExtraMongodb } from '../services/services.js';

// Several deployments in one file of targets, by real processes: each with a server of its own, one of which is killed; new databases are found; SIGHUP takes
// a new file without an end of what runs; and a backup by hand of a target of the file asks its hooks.

jest.setTimeout(120_000);
const shop = uniqueDatabase('shop');
const shopMain = `${shop}_main`;
const shopLater = `${shop}_later`;
const clinic = uniqueDatabase('clinic');

let world: ServiceWorld;
let server: ExtraMongodb;
let api: ServiceProcess;
let worker: ServiceProcess;
let settings: Settings;

const yaml = () => join(world.folder, 'targets.yaml');
const note = (name: string) => join(world.folder, name);
const uriAt = (base: string, database: string) => new URL(`/${database}`, base).toString();
const write = (more = '') =>
  writeFileSync(
    yaml(),
    `targets:
  # The database in its URI alone.
  - {name: clinic, uriVariable: CLINIC_URI}
  # All that fit, new ones too.
  - name: shop
    uriVariable: SHOP_URI
    include: ['${shop}_*.*']
    compression: gzip
    hooks:
      before: [{shell: 'cat > ${note('asked')}; test ! -e ${note('shut')}'}]
      after: [{shell: 'cat > ${note('told')}'}]
${more}`,
  );

beforeAll(async () => {
  world = await ServiceWorld.create('folder', { BACKUP_VERIFY: 'off', BACKUP_ATTEMPTS: '1' });
  server = await startExtraMongodb();
  await fillSampleDatabase(world.client.db(clinic), 40);
  await fillSampleDatabase(world.client.db(shopMain), 30);
  write();
  // One URI stands in a variable, the other in a file.
  writeFileSync(note('shop-uri'), `${services().mongodbUri}\n`);
  settings = { BACKUP_TARGETS_FILE: yaml(), CLINIC_URI: uriAt(server.uri, clinic), SHOP_URI_FILE: note('shop-uri') };
  api = await world.startApi(settings);
  worker = await world.startWorker(settings);
});
afterAll(async () => {
  for (const name of [clinic, shopMain, shopLater]) await world.client.db(name).dropDatabase();
  await world.close();
  await server.stop();
});

interface Made {
  readonly status: string;
  readonly database: string | null;
  readonly compression: string | null;
  readonly error: { readonly code: string } | null;
  readonly metadata: { readonly collections: readonly { readonly name: string }[] } | null;
}

/** With a token of its own: each may ask so often. */
async function backup(target: string): Promise<Made> {
  const operator = world.as('operator', api);
  const made = await operator.settled(await operator.trigger({ target }), ['completed', 'failed']);
  return made as unknown as Made;
}
const databasesOf = ({ metadata }: Made) => [
  ...new Set((metadata?.collections ?? []).map(({ name }) => name.split('.')[0])),
];

describe('several deployments in one file', () => {
  it('each is backed up from its own server, with settings of its own', async () => {
    expect(await backup('clinic')).toMatchObject({ status: 'completed', database: clinic, compression: 'zstd' });
    const made = await backup('shop');
    expect(made).toMatchObject({ status: 'completed', compression: 'gzip' });
    expect(databasesOf(made)).toEqual([shopMain]);
  });

  it('a new database is found', async () => {
    await fillSampleDatabase(world.client.db(shopLater), 10);
    expect(databasesOf(await backup('shop')).sort()).toEqual([shopMain, shopLater].sort());
  });

  it('one that is down holds up no other', async () => {
    await server.kill();
    const [first, second] = await Promise.all([backup('clinic'), backup('shop')]);
    expect(first).toMatchObject({ status: 'failed', error: { code: 'source/unreachable' } });
    expect(second).toMatchObject({ status: 'completed' });
    await server.restart();
    expect(await backup('clinic')).toMatchObject({ status: 'completed' });
  });
});

describe('SIGHUP', () => {
  const both = () => [api, worker];
  const hangUp = async (starts: string): Promise<readonly LogLine[]> => {
    const before = both().map(({ lines }) => lines.length);
    for (const { child } of both()) child.kill('SIGHUP');
    return Promise.all(
      both().map((process, index) =>
        process.waitForLine(
          (line) => String(line['msg']).startsWith(starts) && process.lines.indexOf(line) >= (before[index] ?? 0),
          `to say "${starts}"`,
        ),
      ),
    );
  };

  it('with a mistake in the file both go on as before, and say where it is', async () => {
    write('  - {name: third, uriVariable: CLINIC_URI, schedule: never}\n');
    for (const line of await hangUp('configuration not reloaded'))
      expect(line).toMatchObject({
        level: 'error',
        code: 'config/invalid',
        reason: expect.stringMatching(/:12:\d+: schedule of third/),
      });
    const unknown = await world.as('operator', api).post('/api/admin/backups/trigger', { target: 'third' });
    expect(unknown.status).toBe(422);
    expect(await backup('shop')).toMatchObject({ status: 'completed' });
  });

  it('takes a new target, whose schedule runs, without a restart', async () => {
    write("  - {name: third, uriVariable: CLINIC_URI, schedule: '*/2 * * * * *'}\n");
    for (const line of await hangUp('configuration reloaded'))
      expect(line).toMatchObject({ targets: { added: ['third'], removed: [], changed: [] } });
    await waitUntil(async () => (await world.records({ target: 'third', status: 'completed' })).length > 0, {
      what: 'a scheduled backup of the new target',
      timeoutMs: 60_000,
      onTimeout: () => worker.tail,
    });
    write();
    await hangUp('configuration reloaded');
    expect(both().map(({ exit }) => exit)).toEqual([undefined, undefined]);
  });
});

describe('hazina backup of a target of the file', () => {
  const environment = () => {
    const { MONGODB_URI: _uri, ...rest } = world.cliEnvironment;
    return { ...rest, ...settings, PATH: process.env['PATH'] ?? '' };
  };

  it('is made as a worker makes it, between its hooks; in the catalogue and without', async () => {
    for (const more of [{}, { CATALOG_MONGODB_URI: world.uri(world.catalog) }]) {
      const run = await hazina(['backup', '--target', 'shop', '--json'], { ...environment(), ...more });
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      const made = JSON.parse(run.stdout) as { backupId: string; databases: string[]; content: object };
      expect(made.databases.sort()).toEqual([shopMain, shopLater].sort());
      expect(made.content).toMatchObject({ compression: 'gzip' });
      const told = JSON.parse(readFileSync(note('told'), 'utf8')) as object;
      expect(told).toMatchObject({
        event: 'backup.after',
        outcome: 'completed',
        backupId: made.backupId,
        trigger: 'cli',
      });
    }
  });

  it('is not made when a hook says no: exit code 16', async () => {
    writeFileSync(note('shut'), '');
    const { stderr } = await hazina(['backup', '--target', 'shop', '--json'], environment());
    expect(errorOf(stderr)).toMatchObject({ code: 'hook/vetoed', exitCode: 16, stage: 'hook' });
    expect(JSON.parse(readFileSync(note('told'), 'utf8'))).toMatchObject({ outcome: 'vetoed' });
  });

  it('must be named where there are several, and be there', async () => {
    const { stderr } = await hazina(['backup', '--json'], environment());
    expect(errorOf(stderr)).toMatchObject({ code: 'cli/bad-arguments', exitCode: 2 });
    const unknown = await hazina(['backup', '--target', 'nowhere', '--json'], environment());
    expect(errorOf(unknown.stderr)).toMatchObject({ code: 'config/invalid', exitCode: 3 });
  });
});

it('nothing is left of all this', () => expectNothingLeft(world, [api, worker]));
