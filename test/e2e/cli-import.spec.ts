import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BackupJson } from '#contracts';
import { createStore } from '#storage';
import { putBackup } from '../support/backup-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { writeDumpFolder } from '../support/dump-folder.js';
import { hazina, projectRoot, spawnHazina } from '../support/run-hazina.js';

const fixtures = join(projectRoot, 'test/fixtures/archives');

describe('hazina import', () => {
  let world: CliWorld;
  let environment: Environment;

  beforeEach(() => {
    world = new CliWorld();
    const { MONGODB_URI: _source, ...rest } = world.environment;
    environment = rest;
  });
  afterEach(() => world.close());

  it('takes in what mongodump wrote, without any server, and gives it back byte for byte', async () => {
    const file = join(fixtures, 'clinic.archive.gz');
    const run = await hazina(['import', file, '--target', 'archive-2019', '--pin', '--json'], environment);
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    const backup = JSON.parse(run.stdout) as BackupJson & { warnings: string[] };
    expect(backup).toMatchObject({
      ...{ target: 'archive-2019', trigger: 'cli', pinned: true, engine: { name: 'import' } },
      label: expect.stringMatching(/^imported; dump of \d{4}-/),
      warnings: [expect.stringMatching(/^import: taken from clinic\.archive\.gz/)],
    });
    const out = join(world.folder, 'out.archive');
    expect((await hazina(['extract', backup.backupId, '-o', out], environment)).code).toBe(0);
    expect(readFileSync(out).equals(gunzipSync(readFileSync(file)))).toBe(true);
    expect((await hazina(['verify', backup.backupId], environment)).code).toBe(0);
  });

  it('takes in the folder that mongodump --out wrote', async () => {
    const folder = join(world.folder, 'dump');
    writeDumpFolder(readFileSync(join(fixtures, 'clinic.archive')), folder, { gzip: true });
    const run = await hazina(['import', folder, '--json'], environment);
    expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
    const backup = JSON.parse(run.stdout) as BackupJson & { warnings: string[] };
    expect(backup.warnings).toEqual([expect.stringMatching(/^import: taken from dump, last written /)]);
    expect((await hazina(['verify', backup.backupId], environment)).code).toBe(0);
  });

  it('reads from stdin', async () => {
    const child = spawnHazina(['import', '-', '--json'], { environment, stdin: true, stdio: 'pipe' });
    const out: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stdin?.end(readFileSync(join(fixtures, 'multi.archive')));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(JSON.parse(Buffer.concat(out).toString())).toMatchObject({
      ...{ target: 'clinic-imported', label: 'imported' },
    });
  });

  it('never passes for a backup of what this installation backs up', async () => {
    const file = join(fixtures, 'clinic.archive.gz');
    const targets = join(world.folder, 'targets.yaml');
    writeFileSync(targets, ['targets:', '  - name: shop', '    uriVariable: SHOP_URI', ''].join('\n'));
    const store = await createStore({ kind: 'directory', directory: join(world.folder, 'store') });
    const live = await putBackup(store, new Date(Date.now() - 86_400_000));
    await putBackup(store, new Date(Date.now() - 86_400_000), { target: 'old-shop' });
    await store.close();
    const refused = (target: string, more: Environment = {}) =>
      world.failing(['import', file, '--target', target], { ...environment, ...more });
    const expected = { code: 'cli/bad-arguments', exitCode: 2, hint: expect.stringContaining('--target') };
    expect(await refused('clinic')).toMatchObject(expected);
    expect(await refused('shop', { BACKUP_TARGETS_FILE: targets })).toMatchObject(expected);
    expect(await refused('old-shop')).toMatchObject({
      ...{ ...expected, message: expect.stringContaining('has backups that were not imported') },
    });

    for (const args of [[], ['--target', 'clinic-imported']])
      expect((await hazina(['import', file, ...args], environment)).code).toBe(0);
    const key = { BACKUP_ENCRYPTION_KEY: '' };
    const verified = await hazina(['verify', '--latest', '--level', 'stored', '--target', 'clinic', '--json'], {
      ...environment,
      ...key,
    });
    expect(JSON.parse(verified.stdout)).toMatchObject({ results: [{ backupId: live.backupId, ok: true }] });
  });

  it('has a target whose name is no longer than a name may be', async () => {
    const long = { ...environment, BACKUP_TARGET_NAME: 'c'.repeat(40) };
    const run = await hazina(['import', join(fixtures, 'clinic.archive'), '--json'], long);
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ target: `${'c'.repeat(31)}-imported` });
  });

  it.each([
    ['damaged/cut-mid-document.archive', 11],
    ['damaged/gz-truncated.archive.gz', 11],
    ['README.md', 11],
    ['damaged', 11],
    ['nowhere.archive', 2],
  ])('%s is refused with exit code %i, and leaves nothing', async (name, code) => {
    const run = await hazina(['import', join(fixtures, name), '--json'], environment);
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: '' });
    expect(world.storedFiles().filter((path) => !path.endsWith('hazina.json'))).toEqual([]);
  });

  it('is refused when the quota is full', async () => {
    const full = { ...environment, BACKUP_QUOTA_BYTES: '10', BACKUP_QUOTA_POLICY: 'refuse' };
    const file = join(world.folder, 'copy.archive');
    writeFileSync(file, readFileSync(join(fixtures, 'clinic.archive')));
    expect((await hazina(['import', file], full)).code).toBe(0);
    const run = await hazina(['import', file, '--json'], full);
    expect({ code: run.code, error: JSON.parse(run.stderr.trim().split('\n').at(-1) ?? '') as unknown }).toMatchObject({
      ...{ code: 14, error: { code: 'store/quota-reached' } },
    });
  });
});
