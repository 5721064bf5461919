import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../services/services.js';
import { CliWorld } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';
import { fillSampleDatabase } from '../support/sample-data.js';

const patience = 240_000;
const world = new CliWorld();
let backupId: string;
const declared = () => ({
  ...world.environment,
  ...{ RESTORE_TARGETS: 'production,staging', RESTORE_TARGET_STAGING_SCRATCH: 'true' },
  ...{ RESTORE_TARGET_PRODUCTION_URI: 'mongodb://127.0.0.1:1', RESTORE_TARGET_STAGING_URI: services().mongodbUri },
});

beforeAll(async () => {
  await fillSampleDatabase(world.client.db(world.database), 1000);
  backupId = (await world.backup(world.environment)).backupId;
}, patience);
afterAll(() => world.close());

/** Scratch databases of this world's database; their names end like it. */
async function scratches(): Promise<string[]> {
  const { databases } = await world.client.db().admin().listDatabases({ nameOnly: true });
  return databases
    .map(({ name }) => name)
    .filter((name) => name.startsWith('hazina_scratch_') && name.endsWith(world.database));
}

describe('hazina verify --level restored', () => {
  it(
    'restores into the scratch target of the configuration, compares, and leaves nothing',
    async () => {
      const run = await hazina(['verify', backupId, '--level', 'restored'], declared());
      expect(run).toMatchObject({ code: 0 });
      expect(run.stdout).toMatch(
        /^ok {6}clinic-\S+ {2}restored, 1000 documents in 4 collections are equal, restored in /,
      );
      expect(await scratches()).toEqual([]);
    },
    patience,
  );

  it(
    'takes the server of --to-env, and the reply has its one form',
    async () => {
      const run = await hazina(
        ['verify', '--latest', '--level', 'restored', '--to-env', 'TARGET_URI', '--json'],
        world.environment,
      );
      expect(run).toMatchObject({ code: 0 });
      expect(JSON.parse(run.stdout)).toEqual({ results: [{ backupId, level: 'restored', ok: true, error: null }] });
      expect(await scratches()).toEqual([]);
    },
    patience,
  );

  it(
    'needs a scratch target: 3',
    async () => {
      const args = ['verify', backupId, '--level', 'restored'];
      const error = await world.failing(args, world.environment);
      expect(error).toMatchObject({ code: 'config/invalid', exitCode: 3 });
      expect(error.hint).toContain('--to-env');
      // A restore target that is no scratch target is none.
      const { RESTORE_TARGET_STAGING_SCRATCH: _flag, ...without } = declared();
      expect(await world.failing(args, without)).toMatchObject({ code: 'config/invalid', exitCode: 3 });
      expect(await world.failing([...args, '--to-env', 'NOBODY'], world.environment)).toMatchObject({ exitCode: 3 });
    },
    patience,
  );

  it(
    'with --to-env at another level is a mistake: 2',
    async () => {
      const args = ['verify', backupId, '--to-env', 'TARGET_URI'];
      expect(await world.failing(args, world.environment)).toMatchObject({ exitCode: 2 });
    },
    patience,
  );

  it(
    'says that the scratch server cannot be reached: 15',
    async () => {
      const environment = { ...world.environment, GONE_URI: 'mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=500' };
      const error = await world.failing(
        ['verify', backupId, '--level', 'restored', '--to-env', 'GONE_URI'],
        environment,
      );
      expect(error).toMatchObject({ code: 'target/unreachable', exitCode: 15 });
    },
    patience,
  );

  it(
    'goes on after a damaged one, fails at the end, and leaves nothing: 11',
    async () => {
      const second = await world.backup(world.environment);
      const data = world.storedFiles().find((path) => path.includes(second.backupId) && path.endsWith('data.hzn'));
      const path = join(world.folder, 'store', data ?? '');
      const bytes = readFileSync(path);
      const at = bytes.length - 40;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      const run = await hazina(['verify', '--all', '--level', 'restored', '--json'], declared());
      expect(run.code).toBe(11);
      const { results } = JSON.parse(run.stdout) as {
        results: { backupId: string; ok: boolean; error: { code: string } | null }[];
      };
      expect(results.map((result) => [result.backupId, result.ok, result.error?.code ?? null])).toEqual([
        [second.backupId, false, 'container/corrupt'],
        [backupId, true, null],
      ]);
      expect(await scratches()).toEqual([]);
    },
    patience,
  );
});

it(
  'hazina backup --verify restored proves what it has made',
  async () => {
    const run = await hazina(['backup', '--verify', 'restored', '--json'], declared());
    expect(run).toMatchObject({ code: 0 });
    expect(await scratches()).toEqual([]);
    expect((await world.failing(['backup', '--verify', 'restored'], world.environment)).exitCode).toBe(3);
  },
  patience,
);
