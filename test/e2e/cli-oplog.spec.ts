import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { BackupJson } from '#contracts';
import { buildArchive } from '../support/build-archive.js';
import { CliWorld } from '../support/cli-world.js';
import { insert, oplogBegins, oplogNamespace, update } from '../support/oplog-entries.js';
import { hazina } from '../support/run-hazina.js';
import { withoutApplyOps } from '../support/without-apply-ops.js';

// An archive with an oplog at the command line: what is said of it, and what becomes of it on a server that has no applyOps (FerretDB).

let world: CliWorld;
let file: string;
let backupId: string;
const run = (...args: string[]) => hazina(args, world.environment);
const documents = () => world.client.db(world.database).collection('people').countDocuments();

beforeAll(async () => {
  world = new CliWorld();
  file = join(world.folder, 'dump.archive');
  const ns = `${world.database}.people`;
  const people = { db: world.database, collection: 'people', documents: [{ _id: 1 }, { _id: 2 }] };
  const oplog = oplogNamespace([insert(ns, { _id: 3 }), update(ns, 1, { u: { a: 1 } })]);
  writeFileSync(file, buildArchive([people, oplog]));
  const { stdout, stderr } = await run('import', file, '--json');
  const backup = JSON.parse(stdout) as BackupJson;
  expect({ consistency: backup.consistency, stderr }).toMatchObject({
    consistency: { mode: 'oplog', at: { t: oplogBegins + 1, i: 1 } },
  });
  ({ backupId } = backup);
});
afterAll(() => world.close());

it('what it is consistent to is said in plain words', async () => {
  const moment = '2023-11-14T22:13:21Z';
  expect((await run('show', backupId)).stdout).toMatch(
    new RegExp(`consistent +all collections.*${moment}.*replayed the oplog`),
  );
  expect((await run('inspect', backupId)).stdout).toMatch(/\.oplog +oplog +2 /);
  expect((await run('inspect', file)).stdout).toMatch(
    /consistent +to one moment, once a restore has replayed its oplog/,
  );
  expect((await run('list')).stdout).toContain('22:13:21Z with its oplog');
  expect((await run('verify', backupId)).stdout).toContain(`as of ${moment} once its oplog is replayed`);
});

it('extract gives the oplog back byte for byte; diff passes over it', async () => {
  const out = join(world.folder, 'out.archive');
  expect((await run('extract', backupId, '-o', out)).code).toBe(0);
  expect(readFileSync(out).equals(readFileSync(file))).toBe(true);
  const { stdout } = await run('diff', backupId, backupId, '--json');
  expect(stdout).not.toContain('oplog');
});

withoutApplyOps(
  'a restore refuses a target that cannot replay it, before anything is written, and goes without when told so',
  async () => {
    const refused = async (...args: string[]) => {
      const error = await world.failing(['restore', ...args, '--to-env', 'TARGET_URI'], world.environment);
      expect(error).toMatchObject({ code: 'target/unsupported', exitCode: 12 });
      expect(error.hint).toContain('--no-oplog-replay');
      expect(await documents()).toBe(0);
    };
    await refused(backupId);
    await refused(backupId, '--dry-run');
    await refused(file, '--oplog-replay');

    const { code, stderr } = await run('restore', backupId, '--to-env', 'TARGET_URI', '--no-oplog-replay');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('is not replayed') as unknown });
    expect(await documents()).toBe(2);

    const part = await run(
      'restore',
      backupId,
      '--to-env',
      'TARGET_URI',
      '--include',
      `${world.database}.people`,
      '--replace',
      '--confirm',
      world.database,
      '--no-safety-backup',
    );
    expect(part).toMatchObject({ code: 0, stderr: expect.stringContaining('only a part is restored') as unknown });
  },
);

it('an oplog of a server that has none is refused early', async () => {
  const environment = { ...world.environment, BACKUP_ENGINE: 'auto' };
  const error = await world.failing(['backup', '--oplog'], environment);
  // Of a database in the URI, whether mongodump is there or not.
  expect(error).toMatchObject({ exitCode: 10 });
  expect(error.code).toMatch(/^engine\//);
});
