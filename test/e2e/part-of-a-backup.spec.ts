import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BSON, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { KeyRing, parseKey, plaintextSize, segmentOf, segmentRange } from '#crypto';
import { proveBackup } from '#pipeline';
import { createStore } from '#storage';
import { planReads } from '../../libs/pipeline/src/parts/read-plan.js';
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
  await db.collection('small').insertMany(documents);
  await db.collection('small').createIndex({ name: 1 });
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
/** Bytes of the file in a segment that a restore of the small collection reads, and in one that it does not. */
async function places(): Promise<{ read: number; unread: number }> {
  const store = await createStore({ kind: 'directory', directory: join(world.folder, 'store') });
  const ring = new KeyRing({ current: [parseKey(new Secret(world.key), 'KEY').key], retired: [] });
  const proven = await proveBackup({ store, ring }, backup.backupId, new AbortController().signal);
  await store.close();
  const plan = planReads(proven.manifest, ({ collection }) => collection === 'small');
  if (plan.whole) throw new Error('all of it would be read');
  const segments = new Set<number>();
  for (const { start, bytes } of plan.frames)
    for (let { index } = segmentOf(start); index <= segmentOf(start + bytes - 1).index; index += 1) segments.add(index);
  const { bytes } = backup.objects.data;
  const all = Array.from({ length: segmentOf((plaintextSize(bytes) ?? 1) - 1).index + 1 }, (_, index) => index);
  const middle = (index: number): number =>
    Math.floor((segmentRange(index, bytes).start + segmentRange(index, bytes).end) / 2);
  const last = plan.frames.at(-1);
  return {
    read: middle(segmentOf(last?.start ?? 0).index + 1),
    unread: middle(all.find((index) => !segments.has(index)) ?? -1),
  };
}

describe('restore --include', () => {
  it('restores the one collection with its index, from a folder and from a bucket', async () => {
    const run = await hazina(restore('one', '--include', small, '--json'), world.environment);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(run.stdout) as { namespaces: Document[]; warnings: string[] };
    expect(report.namespaces).toEqual([expect.objectContaining({ collection: 'small', documents: 500, indexes: 2 })]);
    expect(await world.collections(restored('one'))).toEqual(['small']);
    const found = await world.client.db(restored('one')).collection('small').find().sort({ _id: 1 }).toArray();
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
    await withFlippedByte((await places()).read, async () => {
      expect(await world.failing(restore('bad', '--include', small), world.environment)).toMatchObject({
        code: 'container/corrupt',
        exitCode: 11,
      });
      expect(await world.collections(restored('bad'))).toEqual([]);
    });
  });

  it('does not claim that what it did not read is good', async () => {
    await withFlippedByte((await places()).unread, async () => {
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
});

describe('hazina diff', () => {
  const ending = async (expected: number, args: readonly string[]) => {
    const run = await hazina(['diff', backup.backupId, ...args], { ...world.environment });
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: expected, stderr: '' });
    return run.stdout;
  };
  const same = (...args: string[]) => ending(0, args);
  const different = (...args: string[]) => ending(12, args);
  const toServer = ['--to-env', 'MONGODB_URI'];

  it('finds no difference in what nobody changed', async () => {
    const { namespaces } = JSON.parse(await same(...toServer, '--json')) as { namespaces: Document[] };
    expect(namespaces.map(({ collection, verdict }) => [collection as string, verdict as string])).toEqual([
      ['a_large', 'unknown'],
      ['small', 'unknown'],
      ['z_large', 'unknown'],
    ]);
    expect(await same(...toServer, '--documents')).toBe('3 namespaces: 0 different, 3 the same\n');
  });

  it('names every document that was added, removed or changed, against a server and another backup', async () => {
    const db = world.client.db(world.database);
    const collection = db.collection<{ _id: number | string; name?: string }>('small');
    await collection.updateOne({ _id: 7 }, { $set: { name: 'another' } });
    await collection.deleteOne({ _id: 8 });
    await collection.insertMany([{ _id: 'new' }, { _id: 9.5 }]);
    await db.collection<{ _id: number }>('more').insertOne({ _id: 1 });
    await db.collection('z_large').drop();
    const lines = [
      ...[`+ ${small} {"_id":"new"}`, `+ ${small} {"_id":9.5}`, `- ${small} {"_id":8}`, `~ ${small} {"_id":7}`],
      `${small}: 500 → 501 documents; 2 added, 1 removed, 1 changed`,
      `${world.database}.more: not in the backup (1 document)`,
      `${world.database}.z_large: only in the backup (1,200 documents)`,
      '4 namespaces: 3 different, 1 the same',
    ].sort();
    const sorted = (text: string): string[] => text.trimEnd().split('\n').sort();
    expect(sorted(await different(...toServer, '--documents'))).toEqual(lines);

    // A target by its name, which is what its server holds now.
    expect(sorted(await different('clinic', '--documents'))).toEqual(lines);
    const second = await world.backup(world.environment);
    expect(sorted(await different(second.backupId, '--documents'))).toEqual(lines);
    const json = (await different(second.backupId, '--documents', '--json', '--include', small)).trimEnd().split('\n');
    expect(json.map((line) => JSON.parse(line) as Document)).toEqual(
      expect.arrayContaining([
        { change: 'removed', db: world.database, collection: 'small', _id: { $numberInt: '8' } },
        expect.objectContaining({ verdict: 'different', documents: { added: 2, removed: 1, changed: 1 } }),
      ]),
    );
    expect(json).toHaveLength(5);
    // Of two backups the checksums tell, and no data is read: a.large is the same.
    expect(await different(second.backupId)).toMatch(/a_large|4 namespaces: 3 different, 1 the same/);
  });

  it('finds a database that was made since in the server of a target that means all of some names', async () => {
    const [old, young] = [`${world.database}_whole_old`, `${world.database}_whole_young`];
    const uri = new URL(world.environment['MONGODB_URI'] ?? '');
    uri.pathname = '/';
    const file = join(world.folder, 'whole.yaml');
    const target = {
      name: 'whole',
      uriVariable: 'WHOLE_URI',
      include: [`${world.database}_whole_*.*`],
      engine: 'native',
    };
    writeFileSync(file, JSON.stringify({ targets: [target] }));
    const environment = { ...world.environment, WHOLE_URI: uri.href, BACKUP_TARGETS_FILE: file };
    const diffs = () => hazina(['diff', '--documents', whole.backupId, 'whole'], environment);
    await world.client.db(old).collection('any').insertOne({});
    const whole = await world.backup(environment, '--target', 'whole');
    try {
      expect(await diffs()).toMatchObject({ code: 0, stdout: '1 namespace: 0 different, 1 the same\n', stderr: '' });
      await world.client.db(young).collection('any').insertOne({});
      const { code, stdout } = await diffs();
      expect({ code, stdout }).toMatchObject({
        code: 12,
        stdout: expect.stringContaining(`${young}.any: not in the backup`) as unknown,
      });
    } finally {
      for (const name of [old, young]) await world.client.db(name).dropDatabase();
    }
  });

  it.each<[string, string[], number]>([
    ['nothing to compare with', [], 2],
    ['both', ['x', ...toServer], 2],
    ['an ID that does not exist', ['clinic-20200101T000000Z-aaaaaa'], 2],
    ['a target that is none', ['surgery'], 2],
    ['a destination that is none', ['clinic', '--from', 'offsite'], 2],
    ['a variable that is not set', ['--to-env', 'NOWHERE'], 3],
  ])('%s is refused', async (_what, args, exitCode) => {
    expect(await world.failing(['diff', backup.backupId, ...args], world.environment)).toMatchObject({ exitCode });
  });

  it('leaves nothing behind', () => {
    expect(world.leftovers()).toEqual([]);
  });
});
