import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildArchive } from '../support/build-archive.js';
import { CliWorld } from '../support/cli-world.js';
import { compareDatabases, type Comparison } from '../support/compare-databases.js';
import { describeWithTools, restoredDocuments, runTool } from '../support/official-tools.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { services } from '../services/services.js';

// What we write the official mongorestore reads, what the official mongodump writes we read, and either can do the other's work behind our command.

const world = new CliWorld();
const uri = (): string => services().mongodbUri;
const equal = { documents: 3012, collections: 7, indexes: 13, differences: [] };
const compare = (db: string): Promise<Comparison> =>
  compareDatabases({ uri: uri(), db: world.database }, { uri: uri(), db });

beforeAll(async () => {
  const db = world.client.db(world.database);
  await fillSampleDatabase(db, 3000);
  await db.createCollection('empty');
  await db.collection('ünï * \\ code').insertMany([{ _id: 'a' }, { _id: 'b' }] as never[]);
  await db.collection('dotted.name').insertMany(Array.from({ length: 10 }, (_, at) => ({ at })));
  await db.command({ createIndexes: 'dotted.name', indexes: [{ key: { at: 1 }, name: 'at_1', unique: true }] });
}, 60_000);
afterAll(() => world.close());

const renamed = (target: string): string[] => ['--rename', `${world.database}=${target}`];

describeWithTools('our archive, restored by the official mongorestore', () => {
  it.each(['zstd', 'gzip', 'none'])(
    'compression %s: hazina extract | mongorestore',
    async (compression) => {
      const environment = { ...world.environment, BACKUP_DIRECTORY: join(world.folder, `extract-${compression}`) };
      const { backupId } = await world.backup(environment, '--compression', compression);
      const target = `${world.database}_x${compression}`;
      const extract = spawnHazina(['extract', backupId, '-o', '-'], { environment, stdio: 'pipe' });
      const extracted = once(extract, 'close');
      const args = [`--uri=${uri()}`, '--archive', `--nsFrom=${world.database}.*`, `--nsTo=${target}.*`];
      if (extract.stdout === null) throw new Error('no pipe');
      const run = await runTool('mongorestore', args, { input: extract.stdout });
      expect((await extracted)[0]).toBe(0);
      expect(run.code).toBe(0);
      expect(restoredDocuments(run)).toEqual({ restored: equal.documents, failed: 0 });
      expect(await compare(target)).toEqual(equal);
    },
    120_000,
  );
});

describeWithTools('an archive of the official mongodump, restored by us', () => {
  it.each([
    ['plain', []],
    ['gzipped', ['--gzip']],
  ])(
    '%s: mongodump, then hazina restore FILE by each engine',
    async (kind, more) => {
      const file = join(world.folder, `${kind}.archive`);
      const dump = await runTool('mongodump', [`--uri=${uri()}`, `--db=${world.database}`, '--archive', ...more], {
        output: file,
      });
      expect(dump.code).toBe(0);
      for (const engine of ['native', 'mongorestore']) {
        const target = `${world.database}_${kind}_${engine}`;
        const args = ['restore', file, '--to-env', 'TARGET_URI', '--engine', engine, ...renamed(target), '--json'];
        const run = await hazina(args, { TARGET_URI: uri() });
        expect(run).toMatchObject({ code: 0 });
        expect(JSON.parse(run.stdout)).toMatchObject({ outcome: 'restored' });
        expect(await compare(target)).toEqual(equal);
      }
    },
    120_000,
  );
});

interface Report {
  readonly outcome: string;
  readonly namespaces: readonly { db: string; collection: string; documents: number; indexes: number }[];
  readonly warnings: readonly string[];
}

describeWithTools('the official tools behind our command', () => {
  let backupId: string;
  const environment = { ...world.environment, BACKUP_DIRECTORY: join(world.folder, 'tools') };
  const restore = (...args: string[]) =>
    hazina(['restore', backupId, '--to-env', 'TARGET_URI', '--engine', 'mongorestore', ...args, '--json'], environment);

  it('hazina backup --engine mongodump', async () => {
    const backup = await world.backup(environment, '--engine', 'mongodump', '--verify');
    backupId = backup.backupId;
    expect(backup).toMatchObject({
      engine: { name: 'mongodump' },
      totals: { collections: equal.collections, documents: equal.documents },
    });
  }, 60_000);

  it('a dry run says that it is not all-or-nothing, and writes nothing', async () => {
    const run = await restore(...renamed(`${world.database}_dry`), '--dry-run');
    expect(run).toMatchObject({ code: 0 });
    const { namespaces, notes } = JSON.parse(run.stdout) as { namespaces: unknown[]; notes: string[] };
    expect(namespaces).toHaveLength(equal.collections);
    expect(notes.join('\n')).toMatch(/writes as it reads/);
    expect(await world.collections(`${world.database}_dry`)).toEqual([]);
  });

  it('hazina restore --engine mongorestore: equal, and every namespace reported', async () => {
    const target = `${world.database}_tool`;
    const run = await restore(...renamed(target), '--strict');
    expect(run).toMatchObject({ code: 0 });
    const report = JSON.parse(run.stdout) as Report;
    expect(report.outcome).toBe('restored');
    expect(await compare(target)).toEqual(equal);
    const sum = (field: 'documents' | 'indexes') => report.namespaces.reduce((all, found) => all + found[field], 0);
    expect([report.namespaces.length, sum('documents'), sum('indexes')]).toEqual([
      equal.collections,
      equal.documents,
      equal.indexes,
    ]);
    expect(report.warnings.join('\n')).toMatch(/not compared/);
  }, 60_000);

  it.each(['native', 'mongorestore'])(
    '%s selects and renames the same',
    async (engine) => {
      const [db, target] = [world.database, `${world.database}_s${engine}`];
      const run = await restore(
        ...['--engine', engine, '--database', db, '--include', `*.*a*`, '--exclude', `${db}.audit`],
        ...['--rename', `${db}.dotted.name=${target}2.other`, `${db}=${target}`],
      );
      expect(run).toMatchObject({ code: 0 });
      expect(await world.collections(target)).toEqual(['labs', 'patients']);
      expect(await world.collections(`${target}2`)).toEqual(['other']);
    },
    60_000,
  );

  it('into what is not empty: refused, and with --replace done', async () => {
    const target = `${world.database}_full`;
    await world.client.db(target).collection('labs').insertOne({ mine: true });
    expect(await restore(...renamed(target))).toMatchObject({ code: 16 });
    expect(await world.collections(target)).toEqual(['labs']);
    expect(await restore(...renamed(target), '--replace', '--confirm', target)).toMatchObject({ code: 0 });
    expect(await compare(target)).toEqual(equal);
  }, 60_000);

  it('documents that the target refuses are a failure, with the counts', async () => {
    const target = `${world.database}_twice`;
    const file = join(world.folder, 'twice.archive');
    writeFileSync(
      file,
      buildArchive([{ db: target, collection: 'a', documents: [{ _id: 1 }, { _id: 1 }, { _id: 2 }] }]),
    );
    const args = ['restore', file, '--to-env', 'TARGET_URI', '--engine', 'mongorestore'];
    const error = await world.failing(args, { TARGET_URI: uri() });
    expect(error).toMatchObject({ code: 'restore/failed', exitCode: 12 });
    expect(error.message).toMatch(/1 documents failed to restore/);
    expect(error.hint).toMatch(/holds what was written/);
  }, 60_000);

  it('a damaged archive never reaches the target', async () => {
    const target = `${world.database}_bad`;
    const file = join(world.folder, 'bad.archive');
    writeFileSync(
      file,
      buildArchive([{ db: target, collection: 'a', documents: [{ _id: 1, text: 'x' }] }]).subarray(0, -8),
    );
    const args = ['restore', file, '--to-env', 'TARGET_URI', '--engine', 'mongorestore'];
    expect(await world.failing(args, { TARGET_URI: uri() })).toMatchObject({ exitCode: 11 });
    expect(await world.collections(target)).toEqual([]);
  }, 60_000);
});
