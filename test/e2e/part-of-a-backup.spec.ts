import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BSON, type Document } from 'mongodb';
import { seededBytes } from '../support/mutations.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

// One collection out of a large backup: restored, printed, and told apart from what was not read.

jest.setTimeout(180_000);

const world = new CliWorld();
const random = seededBytes(3);
interface Made {
  readonly backupId: string;
  readonly objects: { readonly data: { readonly bytes: number } };
}
let backup: Made;
let s3: Environment;
const small = `${world.database}.small`;
const documents = Array.from({ length: 500 }, (_, _id): Document => ({
  _id,
  name: `patient ${_id}`,
  at: new Date(1_700_000_000_000 + _id),
  big: BSON.Long.fromString('9007199254740993'),
}));

beforeAll(async () => {
  const db = world.client.db(world.database);
  for (const name of ['a_large', 'z_large'])
    for (let batch = 0; batch < 12; batch += 1)
      await db
        .collection(name)
        .insertMany(Array.from({ length: 100 }, () => ({ random: new BSON.Binary(random.bytes(10_000)) })));
  await db.collection<Document>('small').insertMany(documents);
  await db.collection('small').createIndex({ name: 1 });
  await db.createCollection('view', { viewOn: 'small', pipeline: [] });
  backup = (await world.backup(world.environment)) as unknown as Made;
}, 180_000);
afterAll(() => world.close());

const dataPath = (): string => join(world.folder, 'store/clinic', backup.backupId, '1/data.hzn');
const restored = (name: string): string => `${world.database}_${name}`;
const restore = (name: string, ...args: string[]): string[] => [
  ...['restore', backup.backupId, '--to-env', 'TARGET_URI', '--rename', `${world.database}=${restored(name)}`],
  ...args,
];
/** Flips a bit of the data for as long as a test looks. */
async function withFlippedByte(at: number, look: () => Promise<void>): Promise<void> {
  const genuine = readFileSync(dataPath());
  const changed = Buffer.from(genuine);
  changed[at] = (changed[at] ?? 0) ^ 1;
  writeFileSync(dataPath(), changed);
  try {
    await look();
  } finally {
    writeFileSync(dataPath(), genuine);
  }
}
/** The segment with the small collection: the one that a flip in its middle stops from being printed. */
async function segmentOfSmall(): Promise<number> {
  for (let at = 4096 + 500_000; at < statSync(dataPath()).size; at += 1_048_576) {
    let code = 0;
    await withFlippedByte(at, async () => {
      ({ code } = await hazina(['cat', backup.backupId, small], world.environment));
    });
    // The first frame holds the prelude and is read in any case.
    if (code === 11 && at > 6_000_000) return at;
  }
  throw new Error('no segment holds it');
}

describe('restore --include', () => {
  it('restores the one collection with its index, from a folder and from a bucket', async () => {
    const run = await hazina(restore('one', '--include', small, '--json'), world.environment);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(run.stdout) as { namespaces: Document[]; warnings: string[] };
    expect(report.namespaces).toEqual([expect.objectContaining({ collection: 'small', documents: 500, indexes: 2 })]);
    expect(await world.collections(restored('one'))).toEqual(['small']);
    const found = await world.client
      .db(restored('one'))
      .collection<Document>('small')
      .find()
      .sort({ _id: 1 })
      .toArray();
    expect(found.map(({ name }) => name as string)).toEqual(documents.map(({ name }) => name as string));

    s3 = await world.s3Environment();
    const inBucket = await world.backup(s3);
    const again = restore('bucket', '--include', small).map((arg) =>
      arg === backup.backupId ? inBucket.backupId : arg,
    );
    expect((await hazina(again, s3)).code).toBe(0);
    expect(await world.client.db(restored('bucket')).collection('small').countDocuments()).toBe(500);
  });

  it('notices a flipped byte in what it reads, and leaves the target as it was', async () => {
    await withFlippedByte(await segmentOfSmall(), async () => {
      expect(await world.failing(restore('bad', '--include', small), world.environment)).toMatchObject({
        code: 'container/corrupt',
        exitCode: 11,
      });
      expect(await world.collections(restored('bad'))).toEqual([]);
    });
  });

  it('does not claim that what it did not read is good', async () => {
    await withFlippedByte(statSync(dataPath()).size - 100, async () => {
      const run = await hazina(restore('unread', '--include', small), world.environment);
      expect(run.code).toBe(0);
      expect(run.stdout + run.stderr).not.toMatch(/verified|whole/i);
      expect(await world.failing(['verify', backup.backupId], world.environment)).toMatchObject({ exitCode: 11 });
      expect(await world.failing(restore('all'), world.environment)).toMatchObject({ exitCode: 11 });
      expect(await world.collections(restored('all'))).toEqual([]);
    });
  });
});

describe('hazina cat', () => {
  const cat = async (...args: string[]) => {
    const run = await hazina(['cat', backup.backupId, ...args], world.environment);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    return run.stdout.split('\n').filter((line) => line !== '');
  };

  it('prints every document on a line of its own, in order', async () => {
    const lines = await cat(small);
    expect(lines).toHaveLength(500);
    expect(lines[7]).toBe(
      '{"_id":7,"name":"patient 7","at":{"$date":"2023-11-14T22:13:20.007Z"},"big":{"$numberLong":"9007199254740993"}}',
    );
    expect(JSON.parse((await cat(small, '--json', '--limit', '1'))[0] ?? '')).toMatchObject({
      _id: { $numberInt: '0' },
      at: { $date: { $numberLong: '1700000000000' } },
    });
  });

  it('takes a query and a limit', async () => {
    expect(await cat(small, '--query', '{"_id": {"$gte": 490}, "name": {"$ne": "patient 495"}}')).toHaveLength(9);
    expect(await cat(small, '--query', '{"name": "patient 42"}', '--limit', '5')).toHaveLength(1);
    expect(await cat(small, '--limit', '3')).toHaveLength(3);
    expect(await cat(small, '--query', '{"name": "nobody"}')).toEqual([]);
  });

  it.each<[string, string[], RegExp]>([
    ['a namespace that is not there', [`${world.database}.smal`], new RegExp(`${world.database}\\.small`)],
    ['a view', [`${world.database}.view`], /view/],
    ['a bare database', [world.database], /holds no/],
    ['a query of another kind', [small, '--query', '{"$where": "1"}'], /\$where/],
    ['a limit that is none', [small, '--limit', '0'], /whole number/],
  ])('%s is exit code 2', async (_what, args, text) => {
    const run = await hazina(['cat', backup.backupId, ...args], world.environment);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(text);
    expect(run.stdout).toBe('');
  });

  it('needs the key, and says so', async () => {
    const { BACKUP_ENCRYPTION_KEY: _key, ...without } = world.environment;
    expect((await hazina(['cat', backup.backupId, small], without)).code).toBe(13);
    const wrong = { ...world.environment, BACKUP_ENCRYPTION_KEY: `hex:${'77'.repeat(32)}` };
    expect(await world.failing(['cat', backup.backupId, small], wrong)).toMatchObject({ exitCode: 13 });
  });

  it('leaves nothing behind', () => {
    expect(world.leftovers()).toEqual([]);
  });
});
