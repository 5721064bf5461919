import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld } from '../support/cli-world.js';
import { compareDatabases } from '../support/compare-databases.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';
import { services } from '../services/services.js';

const world = new CliWorld();
const uri = (): string => services().mongodbUri;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 3000);
}, 60_000);
afterAll(() => world.close());

describe.each(['directory', 's3'] as const)('a round trip through a %s', (kind) => {
  let environment: Record<string, string>;
  let backupId: string;
  beforeAll(async () => {
    environment = kind === 's3' ? await world.s3Environment() : world.environment;
  });

  it('backs up: the reply is backup.json and its warnings', async () => {
    const backup = await world.backup(environment, '--label', 'naïve "label"', '--pin');
    backupId = backup.backupId;
    expect(backup).toMatchObject({
      schema: 'hazina-backup/1',
      target: 'clinic',
      attempt: 1,
      trigger: 'cli',
      label: 'naïve "label"',
      pinned: true,
      databases: [world.database],
      engine: { name: 'native' },
      content: { kind: 'mongodump-archive', compression: 'zstd' },
      totals: { databases: 1, collections: 4, views: 0, documents: 3000 },
      warnings: [],
    });
  }, 60_000);

  it('lists and shows it', async () => {
    const list = await hazina(['list', '--json'], environment);
    expect(JSON.parse(list.stdout)).toMatchObject({ backups: [{ backupId }] });
    const show = await hazina(['show', backupId, '--json'], environment);
    expect(JSON.parse(show.stdout)).toMatchObject({ backupId, warnings: [] });
  }, 60_000);

  it.each(['stored', 'readable'])(
    'verifies it at level %s',
    async (level) => {
      const run = await hazina(['verify', '--latest', '--level', level, '--json'], environment);
      expect(run).toMatchObject({ code: 0 });
      expect(JSON.parse(run.stdout)).toEqual({ results: [{ backupId, level, ok: true, error: null }] });
    },
    60_000,
  );

  it('says in a dry run what a restore would do, and does nothing', async () => {
    const target = `${world.database}_dry`;
    const args = [
      'restore',
      backupId,
      '--to-env',
      'TARGET_URI',
      '--rename',
      `${world.database}=${target}`,
      '--dry-run',
      '--json',
    ];
    const run = await hazina(args, environment);
    expect(run).toMatchObject({ code: 0 });
    const plan = JSON.parse(run.stdout) as { namespaces: { db: string; action: string }[] };
    expect(plan.namespaces).toHaveLength(4);
    expect(plan.namespaces.every(({ db, action }) => db === target && action === 'create')).toBe(true);
    expect(await world.collections(target)).toEqual([]);
  });

  it('restores it beside the original, equal in every document and index', async () => {
    const target = `${world.database}_${kind}`;
    const args = ['restore', '--latest', '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`, '--json'];
    const run = await hazina(args, environment);
    expect(run).toMatchObject({ code: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({ backupId, outcome: 'restored' });
    const comparison = await compareDatabases({ uri: uri(), db: world.database }, { uri: uri(), db: target });
    expect(comparison).toMatchObject({ documents: 3000, collections: 4, differences: [] });
    expect(await world.collections(target)).toEqual(['audit', 'labs', 'patients', 'visits']);
  }, 60_000);

  it('extracts the plain archive, which restores without a key', async () => {
    const file = join(world.folder, `${kind}.archive`);
    expect(await hazina(['extract', backupId, '-o', file], environment)).toMatchObject({ code: 0 });
    expect(readFileSync(file).subarray(0, 4)).toEqual(Buffer.from([0x6d, 0xe2, 0x99, 0x81]));
    const target = `${world.database}_${kind}_file`;
    const args = [
      'restore',
      file,
      '--to-env',
      'TARGET_URI',
      '--rename',
      `${world.database}.labs=${target}.results`,
      '--include',
      `${world.database}.labs`,
    ];
    expect(await hazina(args, { TARGET_URI: uri() })).toMatchObject({ code: 0 });
    expect(await world.collections(target)).toEqual(['results']);
    expect(await world.client.db(target).collection('results').countDocuments()).toBe(750);
  }, 60_000);

  it('refuses to delete it while it is pinned, and the last one without --force', async () => {
    const pinned = await hazina(['delete', backupId, '--force'], environment);
    expect(pinned.code).toBe(16);
    expect(pinned.stderr).toContain('pinned');
    const second = await world.backup(environment);
    expect(await hazina(['delete', second.backupId], environment)).toMatchObject({ code: 0 });
    const list = await hazina(['list', '--json'], environment);
    expect((JSON.parse(list.stdout) as { backups: unknown[] }).backups).toHaveLength(1);
    expect(await hazina(['show', second.backupId], environment)).toMatchObject({ code: 2 });
  }, 60_000);
});

describe.each(['gzip', 'none'])('compression %s', (compression) => {
  it('verifies, opens and restores', async () => {
    const environment = {
      ...world.environment,
      BACKUP_DIRECTORY: join(world.folder, compression),
      BACKUP_COMPRESSION: compression,
    };
    const backup = await world.backup(environment, '--verify');
    const objects = backup['objects'] as { data: { key: string } };
    const file = join(world.folder, compression, 'clinic', backup.backupId, objects.data.key);
    const archive = join(world.folder, `${compression}.archive`);
    const key = { BACKUP_ENCRYPTION_KEY: world.key };
    expect(await hazina(['open', file, '-o', archive], key)).toMatchObject({ code: 0 });
    const inspected = await hazina(['inspect', archive, '--json'], {});
    const { namespaces } = JSON.parse(inspected.stdout) as { namespaces: { documents: number }[] };
    expect(namespaces.reduce((sum, { documents }) => sum + documents, 0)).toBe(3000);
    const target = `${world.database}_${compression}`;
    const args = ['restore', file, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${target}`];
    expect(await hazina(args, { ...key, TARGET_URI: uri() })).toMatchObject({ code: 0 });
    const comparison = await compareDatabases({ uri: uri(), db: world.database }, { uri: uri(), db: target });
    expect(comparison.differences).toEqual([]);
  }, 60_000);
});
