import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// A change of the key, as an operator does it: what is said, and with which exit code. What a kill does is in test/stories/key-rotation.spec.ts.

interface Report {
  readonly dryRun: boolean;
  readonly keyIds: string[];
  readonly results: { backupId: string; outcome: string; before: string[]; after: string[]; error: object | null }[];
}

const world = new CliWorld();
const newKey = `hex:${randomBytes(32).toString('hex')}`;
const environment = (changes: Environment = {}): Environment => ({
  ...world.environment,
  BACKUP_ENCRYPTION_KEY: newKey,
  BACKUP_ENCRYPTION_KEYS_RETIRED: world.key,
  ...changes,
});
const ids: string[] = [];
let oldIds: string[];
const fileOf = (index: number, name: string): string =>
  join(world.folder, 'store', 'clinic', ids[index] ?? '', '1', name);

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 50);
  for (let made = 0; made < 3; made += 1) {
    const backup = await world.backup(world.environment);
    ids.push(backup.backupId);
    oldIds = backup['keyIds'] as string[];
  }
}, 90_000);
afterAll(() => world.close());

async function rotate(...args: string[]): Promise<Report> {
  const run = await hazina(['keys', 'rotate', '--json', ...args], environment());
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(run.stdout) as Report;
}

it('without a key to go to, or without one that opens, nothing is written', async () => {
  const before = world.storedFiles();
  const { BACKUP_ENCRYPTION_KEY: _, ...none } = environment();
  expect(await world.failing(['keys', 'rotate'], none)).toMatchObject({ code: 'keys/none-set', exitCode: 13 });
  const { BACKUP_ENCRYPTION_KEYS_RETIRED: __, ...alone } = environment();
  const error = await world.failing(['keys', 'rotate'], alone);
  expect(error).toMatchObject({
    code: 'container/no-key',
    exitCode: 13,
    message: expect.stringContaining('3 of 3') as unknown,
  });
  expect(error.hint).toContain('keep the retired keys');
  expect(await world.failing(['keys', 'rotate', '--target', 'No'], environment())).toMatchObject({ exitCode: 2 });
  expect(world.storedFiles()).toEqual(before);
}, 60_000);

it('of nothing it is not said that every backup opens', async () => {
  const empty = join(world.folder, 'empty');
  const unmounted = environment({ BACKUP_DIRECTORY: empty });
  expect(await world.failing(['keys', 'rotate'], unmounted)).toMatchObject({ code: 'store/changed', exitCode: 14 });
  expect(existsSync(join(empty, 'hazina.json'))).toBe(false);
  const mistyped = await world.failing(['keys', 'rotate', '--target', 'clinc'], environment());
  expect(mistyped).toMatchObject({ code: 'backup/not-found', exitCode: 2 });
  expect(mistyped.message).toMatch(/no backup of clinc in .*: targets there are clinic$/);
  // A store before its first backup.
  cpSync(join(world.folder, 'store', 'hazina.json'), join(empty, 'hazina.json'));
  const fresh = await hazina(['keys', 'rotate'], unmounted);
  expect(fresh).toMatchObject({ code: 0, stdout: '' });
  expect(fresh.stderr).toMatch(/^0 backups rotated, 0 current already, 0 failed$/m);
}, 60_000);

it('a dry run, the rotation, and nothing left to do', async () => {
  // What a destination has, before the rotation.
  cpSync(join(world.folder, 'store'), join(world.folder, 'vault'), { recursive: true });
  const planned = await rotate('--dry-run');
  expect(planned.results.map(({ outcome }) => outcome)).toEqual(ids.map(() => 'would-rotate'));
  expect(world.storedFiles().filter((name) => name.endsWith('header.hzn'))).toEqual([]);

  const done = await rotate();
  expect(done).toMatchObject({ dryRun: false, keyIds: planned.keyIds });
  for (const result of done.results)
    expect(result).toMatchObject({ outcome: 'rotated', before: oldIds, after: done.keyIds, error: null });
  expect(world.storedFiles().filter((name) => name.endsWith('header.hzn'))).toHaveLength(6);

  const again = await hazina(['keys', 'rotate'], environment());
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout.match(/^current /gm)).toHaveLength(3);
  expect(again.stderr).toContain(`opens with ${done.keyIds.join()} alone`);
  const { BACKUP_ENCRYPTION_KEYS_RETIRED: _, ...alone } = environment();
  expect(await hazina(['verify', '--all'], alone)).toMatchObject({ code: 0, stderr: '' });
  // Copies are looked at as well, all of them or those of one place.
  const targetsFile = join(world.folder, 'vault.yaml');
  const destinations = { vault: { kind: 'directory', directory: join(world.folder, 'vault') } };
  const targets = [{ name: 'clinic', uriVariable: 'MONGODB_URI' }];
  writeFileSync(targetsFile, JSON.stringify({ destinations, targets }));
  const there = { ...alone, BACKUP_TARGETS_FILE: targetsFile };
  expect(await hazina(['keys', 'check', '--from', 'primary'], there)).toMatchObject({ code: 0 });
  for (const from of [[], ['--from', 'vault']]) {
    const copies = await hazina(['keys', 'check', ...from], there);
    expect(copies.code).toBe(13);
    expect(copies.stdout.match(/^FAILED /gm)).toHaveLength(3);
  }
  // They are brought to the key where they lie; one place that is away is named, and the others are done.
  const also = { ...destinations, lost: { kind: 'directory', directory: targetsFile } };
  writeFileSync(targetsFile, JSON.stringify({ destinations: also, targets }));
  const withCopies = { ...environment(), BACKUP_TARGETS_FILE: targetsFile };
  const placed = await hazina(['keys', 'rotate'], withCopies);
  expect(placed.code).not.toBe(0);
  expect(placed.stderr).toContain('keys rotate --place lost');
  expect(placed.stdout.match(/^rotated .* in vault /gm)).toHaveLength(3);
  writeFileSync(targetsFile, JSON.stringify({ destinations, targets }));
  const vault = await hazina(['keys', 'rotate', '--place', 'vault', '--json'], withCopies);
  expect(JSON.parse(vault.stdout)).toMatchObject({
    results: ids.map(() => ({ place: 'vault', outcome: 'current' })),
    failed: [],
  });
  expect(await hazina(['keys', 'rotate', '--place', 'nowhere'], withCopies)).toMatchObject({ code: 2 });
  expect(await hazina(['keys', 'rotate', '--place', 'vault', '--rewrite'], withCopies)).toMatchObject({ code: 2 });
  const every = await hazina(['keys', 'check'], there);
  expect(every).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('6 of 6 backups in primary, vault open') as unknown,
  });
  // The old key still opens them, by the headers inside the files, and says that it is the old way.
  expect(await hazina(['verify', '--all'], world.environment)).toMatchObject({ code: 0 });
}, 90_000);

it('a failure is named, the others are done, and the exit code is that of the failure', async () => {
  const third = `hex:${randomBytes(32).toString('hex')}`;
  const next = environment({ BACKUP_ENCRYPTION_KEY: third, BACKUP_ENCRYPTION_KEYS_RETIRED: newKey });
  writeFileSync(fileOf(1, 'header.hzn'), Buffer.alloc(4096));
  const run = await hazina(['keys', 'rotate'], next);
  expect(run.code).toBe(11);
  expect(run.stdout.match(/^rotated /gm)).toHaveLength(2);
  expect(run.stdout).toMatch(new RegExp(`^FAILED +${ids[1] ?? ''} `, 'm'));
  // With the key of its own header the backup is brought on all the same.
  const both = { ...next, BACKUP_ENCRYPTION_KEYS_RETIRED: `${newKey}\n${world.key}` };
  const repaired = await hazina(['keys', 'rotate'], both);
  expect(repaired.code).toBe(0);
  expect(repaired.stderr).toMatch(/^Warning: .*The header sidecar was not used/m);
  const { BACKUP_ENCRYPTION_KEYS_RETIRED: _, ...alone } = next;
  expect(await hazina(['verify', '--all'], alone)).toMatchObject({ code: 0, stderr: '' });
  rmSync(fileOf(0, 'manifest.hzn'));
  expect((await hazina(['keys', 'rotate'], both)).code).toBe(11);
}, 90_000);

it('Ctrl-C ends it with 130, and the next one goes on', async () => {
  const last = environment({
    BACKUP_ENCRYPTION_KEY: `hex:${'7'.repeat(64)}`,
    BACKUP_ENCRYPTION_KEYS_RETIRED: `${newKey}\n${world.key}`,
  });
  const child = spawnHazina(['keys', 'rotate'], { environment: last, stdio: 'pipe' });
  const closed = once(child, 'close');
  child.stdout?.once('data', () => child.kill('SIGINT'));
  const [code] = (await closed) as [number];
  // It may have come to its end before the signal did: the sidecars are for the third key, which is not at hand.
  expect([130, 13]).toContain(code);
  expect(world.leftovers()).toEqual([]);
}, 60_000);
