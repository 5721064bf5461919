import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

// hazina delete --from NAME: a copy that a destination keeps longer than the primary store, after a theft of its key for instance.

const world = new CliWorld();
let environment: Environment;

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 50);
  const file = join(world.folder, 'targets.json');
  const vault = { kind: 'directory', directory: join(world.folder, 'vault') };
  const targets = [{ name: 'clinic', uriVariable: 'MONGODB_URI' }];
  writeFileSync(file, JSON.stringify({ destinations: { vault }, targets }));
  environment = { ...world.environment, BACKUP_TARGETS_FILE: file };
}, 60_000);
afterAll(() => world.close());

const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await hazina(args, environment);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
};
const inVault = async (): Promise<string[]> =>
  (JSON.parse(await ok('list', '--from', 'vault', '--json')) as { backups: { backupId: string }[] }).backups.map(
    ({ backupId }) => backupId,
  );

it('goes only when the primary store has it no more, and with the refusals of a backup', async () => {
  const { backupId: old } = await world.backup(environment);
  const { backupId: young } = await world.backup(environment);
  for (const id of [old, young]) await ok('destinations', 'copy', id, '--to', 'vault');
  const copied = await world.failing(['delete', old, '--from', 'vault'], environment);
  expect(copied).toMatchObject({
    code: 'backup/refused',
    exitCode: 16,
    message: expect.stringContaining('primary store'),
  });
  expect(copied.hint).toContain(`hazina delete ${old}`);

  await ok('delete', old);
  expect(await inVault()).toEqual([young, old]);
  expect(await ok('delete', old, '--from', 'vault')).toContain(`Deleted ${old} in vault`);
  expect(await inVault()).toEqual([young]);
  expect(await world.failing(['delete', old, '--from', 'vault'], environment)).toMatchObject({
    code: 'backup/not-found',
  });

  await ok('delete', young, '--force');
  const last = await world.failing(['delete', young, '--from', 'vault'], environment);
  expect(last).toMatchObject({ code: 'backup/refused', exitCode: 16, message: expect.stringContaining('last good') });
  expect(JSON.parse(await ok('delete', young, '--from', 'vault', '--force', '--json'))).toEqual({
    ...{ backupId: young, deleted: true },
  });
  expect(await inVault()).toEqual([]);
  expect(await world.failing(['delete', young, '--from', 'attic'], environment)).toMatchObject({ exitCode: 2 });
}, 90_000);
