import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina, spawnHazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// After a theft of the key, as an operator does it without a service. What a kill or a sleep at each single call does is in test/stories/rewrite-race.spec.ts.

interface Report {
  readonly rewrite: boolean;
  readonly results: { backupId: string; outcome: string; before: string[]; after: string[] }[];
}

const world = new CliWorld();
const newKey = `hex:${randomBytes(32).toString('hex')}`;
const both: () => Environment = () => ({
  ...world.environment,
  BACKUP_ENCRYPTION_KEY: newKey,
  BACKUP_ENCRYPTION_KEYS_RETIRED: world.key,
});
const ids: string[] = [];

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 50);
  for (let made = 0; made < 2; made += 1) ids.push((await world.backup(world.environment)).backupId);
}, 90_000);
afterAll(() => world.close());

async function rewrite(...args: string[]): Promise<Report> {
  const run = await hazina(['keys', 'rotate', '--rewrite', '--json', ...args], both());
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(run.stdout) as Report;
}
const files = (): string[] => world.storedFiles().filter((name) => name.endsWith('.hzn'));

it('killed in the middle and run again, everything opens with the new key alone, and the old files go', async () => {
  expect((await rewrite('--dry-run')).results.map(({ outcome }) => outcome)).toEqual(ids.map(() => 'would-rewrite'));
  expect(files()).toHaveLength(4);
  const child = spawnHazina(['keys', 'rotate', '--rewrite'], { environment: both(), stdio: 'pipe' });
  const closed = once(child, 'close');
  child.stdout?.once('data', () => child.kill('SIGKILL'));
  await closed;
  const done = await rewrite();
  expect(done.rewrite).toBe(true);
  expect(done.results.map(({ outcome }) => outcome)).toContain('current');
  expect(await hazina(['verify', '--all'], { ...world.environment, BACKUP_ENCRYPTION_KEY: newKey })).toMatchObject({
    ...{ code: 0, stderr: '' },
  });
  expect(await world.failing(['verify', '--latest'], world.environment)).toMatchObject({
    code: 'container/no-key',
    exitCode: 13,
  });

  const swept = await hazina(['cleanup', '--json'], { ...both(), BACKUP_ORPHAN_GRACE_HOURS: '0' });
  expect(swept.code).toBe(0);
  expect(JSON.parse(swept.stdout)).toMatchObject({ removed: 0 });
  // A folder that a kill left behind has a lease, and waits for three of its beats.
  const left = world.storedFiles().filter((name) => name.endsWith('lease.json'));
  expect(files().filter((name) => name.includes('/1/'))).toEqual([]);
  expect(left.length).toBeLessThan(2);
  expect(await hazina(['verify', '--all'], { ...world.environment, BACKUP_ENCRYPTION_KEY: newKey })).toMatchObject({
    code: 0,
  });
  expect((await rewrite()).results.map(({ outcome }) => outcome)).toEqual(['current', 'current']);
}, 120_000);

it('without a catalogue a copy keeps its old data key until it is copied again, and the end says so', async () => {
  const [store, vault] = [join(world.folder, 'store'), join(world.folder, 'vault')];
  cpSync(store, vault, { recursive: true });
  const third = `hex:${randomBytes(32).toString('hex')}`;
  const targetsFile = join(world.folder, 'vault.yaml');
  const destinations = { vault: { kind: 'directory', directory: vault } };
  writeFileSync(
    targetsFile,
    JSON.stringify({ destinations, targets: [{ name: 'clinic', uriVariable: 'MONGODB_URI' }] }),
  );
  const environment = {
    ...world.environment,
    ...{ BACKUP_TARGETS_FILE: targetsFile, BACKUP_ENCRYPTION_KEY: third, BACKUP_ENCRYPTION_KEYS_RETIRED: newKey },
  };
  expect(await hazina(['keys', 'rotate', '--rewrite', '--dry-run'], environment)).toMatchObject({ code: 0 });
  const anew = await hazina(['keys', 'rotate', '--rewrite'], environment);
  expect(anew.code).toBe(16);
  expect(anew.stdout.match(/^rewritten /gm)).toHaveLength(2);
  expect(anew.stderr).not.toContain('alone');
  const commands = [...anew.stderr.matchAll(/hazina (destinations copy \S+ --to vault)/g)].map(([, text = '']) => text);
  expect(commands).toHaveLength(2);
  for (const command of commands) expect(await hazina(command.split(' '), environment)).toMatchObject({ code: 0 });
  expect(await hazina(['keys', 'rotate', '--rewrite'], environment)).toMatchObject({ code: 0 });
  const { BACKUP_ENCRYPTION_KEYS_RETIRED: _, ...alone } = environment;
  expect(await hazina(['keys', 'check', '--from', 'vault'], alone)).toMatchObject({ code: 0 });
}, 120_000);
