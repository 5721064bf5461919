import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { buildArchive } from '../support/build-archive.js';
import { CliWorld } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// hazina restore --scratch: beside what is there, under names that no data has, and gone without a trace.

jest.setTimeout(120_000);
const world = new CliWorld();
let backupId: string;
interface ScratchReport {
  readonly id: string;
  readonly databases: readonly string[];
  readonly dropped: readonly string[];
}

beforeAll(async () => {
  await world.client
    .db(world.database)
    .collection<{ _id: number }>('people')
    .insertMany([{ _id: 1 }, { _id: 2 }]);
  ({ backupId } = await world.backup(world.environment));
});
afterAll(async () => {
  for (const name of await scratchOf()) await world.client.db(name).dropDatabase();
  await world.close();
});

const scratchOf = async (): Promise<string[]> => {
  const { databases } = await world.client.db().admin().listDatabases({ nameOnly: true });
  return databases
    .map(({ name }) => name)
    .filter((name) => /^hazina_scratch_.{6}_/.test(name) && name.endsWith(world.database));
};
const restore = (...args: string[]): string[] => ['restore', ...args, '--to-env', 'TARGET_URI'];
async function scratch(...args: string[]): Promise<ScratchReport> {
  const run = await hazina([...restore(backupId, '--scratch', ...args), '--json'], world.environment);
  expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
  return (JSON.parse(run.stdout) as { scratch: ScratchReport }).scratch;
}

describe('hazina restore --scratch', () => {
  it('keeps what it made until it is told to drop it by its ID', async () => {
    const { id, databases, dropped } = await scratch();
    const name = `hazina_scratch_${id.slice(-6)}_${world.database}`;
    expect({ databases, dropped }).toEqual({ databases: [name], dropped: [] });
    expect(await world.collections(name)).toEqual(['_hazina_scratch', 'people']);
    expect(await world.client.db(name).collection('people').countDocuments()).toBe(2);
    const marker = await world.client.db(name).collection('_hazina_scratch').findOne({});
    expect(marker).toMatchObject({ _id: 'marker', restoreId: id, backupId });

    const other = `${id.slice(0, -6)}zzzzzz`;
    expect((await hazina(restore('--drop-scratch', other), world.environment)).stdout).toMatch(/^Nothing of/);
    expect(await scratchOf()).toEqual([name]);
    expect((await hazina(restore('--drop-scratch', id), world.environment)).stdout).toBe(`Dropped ${name}\n`);
    expect(await scratchOf()).toEqual([]);
    expect(await world.collections(world.database)).toEqual(['people']);
  });

  it('--drop leaves nothing', async () => {
    const { databases, dropped } = await scratch('--drop');
    expect(dropped).toEqual(databases);
    expect(await scratchOf()).toEqual([]);
  });

  it('a dry run ends with the exit code of the restore that would fail, after it has told why', async () => {
    const documents = [{ _id: 1 }, { _id: 1 }];
    const file = join(world.folder, 'doubled.archive');
    writeFileSync(file, buildArchive([{ db: world.database, collection: 'doubled', documents }]));
    const run = await hazina([...restore(file, '--dry-run'), '--json'], world.environment);
    const error = JSON.parse(run.stderr.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect({ code: run.code, error: error['code'] }).toEqual({ code: 12, error: 'restore/failed' });
    expect(JSON.parse(run.stdout)).toMatchObject({ conflicts: [{ kind: 'duplicate-ids', blocking: true }] });
    const kept = await hazina(restore(file, '--dry-run', '--on-conflict', 'keep-last'), world.environment);
    expect(kept.code).toBe(0);
  });

  it('leaves nothing when it fails', async () => {
    // The name that a rename leads to is longer than servers take.
    const long = `${world.database}.people=${world.database}.${'x'.repeat(300)}`;
    const error = await world.failing(restore(backupId, '--scratch', '--rename', long), world.environment);
    expect(error.exitCode).toBe(12);
    expect(await scratchOf()).toEqual([]);
  });

  it.each([
    ['--drop', '--database', 'a'],
    ['--scratch', '--replace'],
    ['--scratch', '--users-and-roles'],
    ['--scratch', '--drop-scratch', 'restore-20260101T000000Z-abcdef'],
    ['--scratch', '--engine', 'mongorestore'],
  ])('does not go with %s %s', async (...args) => {
    expect((await world.failing(restore(backupId, ...args), world.environment)).exitCode).toBe(2);
  });
});
