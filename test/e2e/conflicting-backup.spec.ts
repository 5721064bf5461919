import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { services, uniqueDatabase, waitUntil } from '../services/services.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { doubledDatabase, keptLast, writeDoubledArchive } from '../support/doubled-archive.js';
import { hazina } from '../support/run-hazina.js';
import { ServiceWorld } from '../support/service-world.js';
import { toolsIn } from '../support/tools-in.js';

// Backups of a server that was written meanwhile, which hold a document in two versions: verified, restored, told. A double gives the archive.

jest.setTimeout(120_000);
const targets: string[] = [];
const newName = (): string => {
  const name = uniqueDatabase('kept');
  targets.push(name);
  return name;
};

describe('at the command line', () => {
  const world = new CliWorld();
  let environment: Environment;
  let backupId: string;

  beforeAll(async () => {
    await world.client.db(world.database).collection('any').insertOne({});
    const tool = toolsIn(world.folder, { archive: writeDoubledArchive(world.folder) });
    environment = { ...world.environment, BACKUP_ENGINE: 'mongodump', PATH: tool.searchPath };
    ({ backupId } = await world.backup(environment));
  });
  afterEach(async () => {
    for (const name of targets.splice(0)) await world.client.db(name).dropDatabase();
  });
  afterAll(() => world.close());

  const into = (target: string, ...more: string[]) => [
    ...['restore', backupId, '--to-env', 'TARGET_URI', '--rename', `${doubledDatabase}=${target}`],
    ...more,
  ];

  it('verify finds the backup good, and warns of the _id', async () => {
    const run = await hazina(['verify', backupId, '--json'], environment);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain(
      'doubled.ids holds 1 document with an _id that an earlier one has ({"$numberInt":"1"})',
    );
    expect(run.stderr).toContain('--on-conflict keep-last');
  });

  it('a restore fails, names what is there twice and the option, and changes nothing', async () => {
    const target = newName();
    const error = await world.failing(into(target), environment);
    expect(error).toMatchObject({ code: 'restore/failed', exitCode: 12 });
    expect(error.message).toBe(`The archive holds two documents of ${target}.ids with the _id 1`);
    expect(error.hint).toContain('--on-conflict keep-last');
    const unique = await world.failing(into(target, '--include', 'doubled.mails'), environment);
    expect(unique.message).toMatch(/have the same value of the unique index mail_1 \{"mail":1\}; .* the _id [37]$/);
    expect(unique.message).not.toContain('neema');
    expect(unique.hint).toContain('--on-conflict keep-last');
    expect(await world.collections(target)).toEqual([]);
  });

  it('keep-last keeps the later ones, lists the others, and ends with 12', async () => {
    const target = newName();
    const run = await hazina(into(target, '--on-conflict', 'keep-last', '--json'), environment);
    expect(run.code).toBe(12);
    const report = JSON.parse(run.stdout) as { outcome: string; namespaces: object[] };
    expect(report.outcome).toBe('restored-with-differences');
    expect(report.namespaces).toMatchObject(keptLast.map((one) => ({ ...one, db: target })));
    expect(run.stderr).toContain('"restore/differences"');
    const db = world.client.db(target);
    expect(await db.collection('ids').find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1, v: 'new' }, { _id: 2 }]);
    expect(await db.collection('mails').find().toArray()).toEqual([{ _id: 3, mail: 'neema@example.org', v: 'new' }]);
    expect(await world.collections(target)).toEqual(['ids', 'mails']);
  });

  it('says it for people, too', async () => {
    const target = newName();
    const run = await hazina(into(target, '--on-conflict', 'keep-last'), environment);
    expect(run.code).toBe(12);
    expect(run.stdout).toContain(`${target}.ids: _id 1: the earlier of two documents with it\n`);
    expect(run.stdout).toContain('Restored with differences: 2 namespaces, 3 documents');
  });
});

describe('by the service', () => {
  let world: ServiceWorld;
  afterAll(() => world.close());

  it('the record fails with the option named, and with onConflict it is completed_with_differences', async () => {
    world = await ServiceWorld.create('folder', { RESTORE_TARGETS: 'production', BACKUP_ENGINE: 'mongodump' });
    await world.fill(10);
    const tool = toolsIn(world.folder, { archive: writeDoubledArchive(world.folder) });
    const settings = { RESTORE_TARGET_PRODUCTION_URI: services().mongodbUri, PATH: tool.searchPath };
    const [api] = await Promise.all([world.startApi(), world.startWorker(settings)]);
    const admin = world.as('admin', api);
    const backupId = await admin.trigger();
    expect(await admin.settled(backupId)).toMatchObject({ status: 'completed' });

    // The service verifies a new backup by itself; one asked for meanwhile would be refused.
    const warned = await waitUntil(
      async () => {
        const record = await admin.backup(backupId);
        return record.warnings.some((warning) => warning.includes('keep-last')) ? record : undefined;
      },
      { what: 'the warning on the record', timeoutMs: 60_000, intervalMs: 600 },
    );
    expect(warned.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('doubled.ids holds 1 document with an _id that an earlier one has'),
      ]),
    );

    const target = uniqueDatabase('kept');
    const rename = [{ from: doubledDatabase, to: target }];
    const wish = { targetName: 'production', mode: 'into-empty' as const, rename };
    try {
      const failed = await admin.restored(await admin.restore(backupId, wish));
      expect(failed).toMatchObject({
        status: 'failed',
        errorMessage: `The archive holds two documents of ${target}.ids with the _id 1`,
        error: { code: 'restore/failed', retryable: false, hint: expect.stringContaining('onConflict') as unknown },
      });
      const kept = await admin.restored(await admin.restore(backupId, { ...wish, onConflict: 'keep-last' }));
      expect(kept).toMatchObject({
        status: 'completed_with_differences',
        report: { outcome: 'restored-with-differences', namespaces: keptLast.map((one) => ({ ...one, db: target })) },
      });
    } finally {
      await world.client.db(target).dropDatabase();
    }
  });
});
