import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { createNativeLoadEngine, type LoadRequest } from '#engine';
import { uniqueDatabase } from '../services/services.js';
import { applyOpsDouble, type ApplyOpsDouble } from '../support/apply-ops-double.js';
import { buildArchive, type ArchiveNamespaceInput } from '../support/build-archive.js';
import { contentsOf, loadArchive, loadRequest, testUri } from '../support/native-load.js';
import { withoutApplyOps } from '../support/without-apply-ops.js';
import {
  command,
  inner,
  insert,
  noop,
  oplogBegins,
  oplogNamespace,
  remove,
  transaction,
  update,
  type EntryInput,
} from '../support/oplog-entries.js';

// The oplog of an archive is replayed on what was loaded, before a name of the target changes. The server of the test run has no applyOps: that one command is
// a double, and everything else is real.

/** A mongod has it. */
let client: MongoClient;
let db: string;
let other: string;
let double: ApplyOpsDouble;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('oplog');
  other = uniqueDatabase('oplog');
  double = applyOpsDouble();
});
afterEach(async () => {
  await client.db(db).dropDatabase();
  await client.db(other).dropDatabase();
});

const unique = { v: 2, key: { mail: 1 }, name: 'mail_1', unique: true };
/** As a dump caught it: 2 took the mail of 1 while the scan was between them. */
const people = (): ArchiveNamespaceInput => ({
  db,
  collection: 'people',
  documents: [
    { _id: 1, mail: 'a' },
    { _id: 2, mail: 'a' },
    { _id: 3, mail: 'c', in: { x: 1, y: 2 } },
  ],
  indexes: [unique],
});
const visits = (): ArchiveNamespaceInput => ({ db, collection: 'visits', documents: [{ _id: 9 }] });
const archiveOf = (entries: readonly EntryInput[], namespaces = [people(), visits()]) =>
  buildArchive([...namespaces, oplogNamespace(entries)]);
const replay = (archive: Buffer, changes: Partial<LoadRequest> = {}) =>
  loadArchive(archive, { oplogReplay: true, ...changes }, { connect: double.connect });
const documentsOf = (database: string, collection: string): Promise<Document[]> =>
  client.db(database).collection(collection).find().sort({ _id: 1 }).toArray();
const ns = (collection: string) => `${db}.${collection}`;
const made = (): EntryInput[] => [
  noop,
  update(ns('people'), 1, { u: { mail: 'b' } }),
  insert(ns('people'), { _id: 4, mail: 'd' }),
  // Already as it will be: the oplog of the whole dump is replayed, not only what the scan missed.
  insert(ns('people'), { _id: 2, mail: 'a' }),
  update(ns('people'), 3, { sin: { u: { x: 7 }, d: { y: false } } }),
  remove(ns('visits'), 9),
  insert(ns('visits'), { _id: 10 }),
];
const after = [
  { _id: 1, mail: 'b' },
  { _id: 2, mail: 'a' },
  { _id: 3, mail: 'c', in: { x: 7 } },
  { _id: 4, mail: 'd' },
];

describe('what the entries say', () => {
  it('is in the target afterwards, and the indexes fit it', async () => {
    const report = await replay(archiveOf(made()));
    expect(report).toMatchObject({
      outcome: 'restored',
      warnings: [],
      oplog: { entries: 7, at: { t: oplogBegins + 6, i: 1 } },
      namespaces: [
        { collection: 'people', documents: 4, indexes: 2 },
        { collection: 'visits', documents: 1, indexes: 1 },
      ],
    });
    expect(await documentsOf(db, 'people')).toEqual(after);
    expect(await documentsOf(db, 'visits')).toEqual([{ _id: 10 }]);
    expect(await contentsOf(client, db)).toEqual(['people (4, 2)', 'visits (1, 1)']);
  });

  it('is told by the run that finishes a restore, which reads no archive', async () => {
    const onFinished = () => Promise.reject(new Error('the process ends here'));
    const stopped = replay(archiveOf(made()), { onFinished });
    await expect(stopped).rejects.toMatchObject({ code: 'restore/unfinished' });
    const { length } = double.batches;
    const { oplog, warnings } = await replay(archiveOf(made()));
    expect(oplog).toEqual({ entries: 7, at: { t: oplogBegins + 6, i: 1 } });
    expect(warnings).toEqual([expect.stringContaining('it was finished, nothing was loaded again')]);
    // The server is asked whether it could, and nothing else.
    expect(double.batches.slice(length).flat()).toEqual([expect.objectContaining({ ns: `${db}._hazina_tmp_none` })]);
    expect(await documentsOf(db, 'people')).toEqual(after);
  });

  it('goes to the restored names, by way of temporary ones', async () => {
    await client
      .db(other)
      .collection('staff')
      .insertOne({ _id: 1 as never });
    const rename = [
      { from: db, to: other },
      { from: ns('people'), to: `${other}.staff` },
    ];
    const report = await replay(archiveOf(made()), { rename, mode: 'replace', confirm: [other] });
    expect(report.outcome).toBe('restored');
    expect(await documentsOf(other, 'staff')).toEqual(after);
    expect(await contentsOf(client, db)).toEqual([]);
    const names = double.batches.flat().map((operation) => String(operation['ns']));
    expect(names.filter((name) => !/^[a-z0-9_-]+\._hazina_tmp_/.test(name))).toEqual([]);
    expect(double.batches.flat().filter((operation) => 'ui' in operation)).toEqual([]);
  });

  it('inside applyOps and transactions counts when it was committed', async () => {
    const some = (number: number, id: number, o: Document): EntryInput => ({
      ...command('admin', { applyOps: inner([insert(ns('visits'), { _id: id })]), ...o }),
      more: transaction(number),
    });
    const entries = [
      command('admin', { applyOps: inner([insert(ns('visits'), { _id: 20 })]) }),
      some(1, 30, { partialTxn: true }),
      some(2, 40, { prepare: true }),
      some(1, 31, { count: 2 }),
      { ...command('admin', { abortTransaction: 1 }), more: transaction(2) },
    ];
    await replay(archiveOf(entries, [visits()]));
    expect((await documentsOf(db, 'visits')).map(({ _id }) => _id as unknown)).toEqual([9, 20, 30, 31]);
  });

  it('of collections and indexes: made, dropped, made again, changed', async () => {
    const entries = [
      command(db, { create: 'late' }),
      insert(ns('late'), { _id: 1, a: 1 }),
      command(db, { createIndexes: 'late', v: 2, key: { a: 1 }, name: 'a_1' }),
      command(db, { drop: 'visits' }),
      command(db, { create: 'visits' }),
      insert(ns('visits'), { _id: 50 }),
      command(db, { dropIndexes: 'people', index: 'mail_1' }),
      command(db, { commitIndexBuild: 'people', indexes: [{ v: 2, key: { x: 1 }, name: 'x_1' }] }),
      command(db, { drop: 'gone' }),
    ];
    const gone = { db, collection: 'gone', documents: [{ _id: 1 }] };
    const report = await replay(archiveOf(entries, [gone, people(), visits()]));
    expect(await contentsOf(client, db)).toEqual(['late (1, 2)', 'people (3, 2)', 'visits (1, 1)']);
    expect(await documentsOf(db, 'visits')).toEqual([{ _id: 50 }]);
    expect((await client.db(db).collection('people').indexes()).map(({ name }) => name)).toEqual(['_id_', 'x_1']);
    expect(report.warnings).toEqual([
      `not restored, because they were dropped while the backup was made: ${ns('gone')}`,
    ]);
  });

  it('about documents and collections that were gone before the dump came to them is no loss', async () => {
    const entries = [
      update(ns('people'), 77, { u: { mail: 'z' } }),
      remove(ns('people'), 77),
      insert(ns('brief'), { _id: 1 }),
      command(db, { drop: 'brief' }),
      ...made(),
    ];
    await replay(archiveOf(entries));
    expect(await documentsOf(db, 'people')).toEqual(after);
  });

  it('puts right a document that the dump holds twice', async () => {
    const twice = {
      ...visits(),
      documents: [
        { _id: 9, n: 1 },
        { _id: 9, n: 2 },
      ],
    };
    const entries = [remove(ns('visits'), 9), insert(ns('visits'), { _id: 9, n: 2 })];
    expect((await replay(archiveOf(entries, [twice]))).outcome).toBe('restored');
    expect(await documentsOf(db, 'visits')).toEqual([{ _id: 9, n: 2 }]);
  });

  it('comes in many batches', async () => {
    const many = Array.from({ length: 1_200 }, (_, id) => insert(ns('visits'), { _id: 100 + id }));
    await replay(archiveOf(many, [visits()]));
    expect(await client.db(db).collection('visits').countDocuments()).toBe(1_201);
    const sizes = double.batches.map((batch) => batch.length);
    expect(Math.max(...sizes)).toBe(500);
    // And the question whether there is such a command.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_200 + 1);
  });
});

describe('what cannot be replayed leaves the target as it was', () => {
  it.each<[string, () => EntryInput[], RegExp]>([
    ['a lost document', () => [update(ns('people'), 77, { u: { mail: 'z' } })], /entry 1 .*not in the archive/],
    ['a lost collection', () => [noop, insert(ns('brief'), { _id: 1 })], /entry 2 .*does not hold this collection/],
    ['a rename', () => [command(db, { renameCollection: ns('people'), to: ns('x') })], /entry 1 .*renameCollection/],
    ['a new database', () => [command('newcomer', { create: 'a' })], /entry 1 .*does not hold/],
    ['an index that is not there', () => [command(db, { collMod: 'people', index: { name: 'q' } })], /entry 1 .*index/],
    ['no entry at all', () => [], /no oplog in the archive/],
  ])('%s', async (_what, entries, message) => {
    const failing = replay(archiveOf(entries()));
    await expect(failing).rejects.toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(message) as unknown,
    });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('what the target refuses, with the place of the entry and without its document', async () => {
    double.refuse = ({ o }) => ((o as Document)['mail'] === 'secret' ? 121 : undefined);
    const entries = [...made(), insert(ns('people'), { _id: 5, mail: 'secret' })];
    const error: unknown = await replay(archiveOf(entries)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(/entry 8 .*code 121/) as unknown,
    });
    expect(JSON.stringify(error)).not.toContain('secret');
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('an oplog that stands before the data', async () => {
    const archive = buildArchive([oplogNamespace(made()), people()]);
    await expect(replay(archive)).rejects.toMatchObject({ code: 'archive/corrupt-structure' });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('a damaged entry, which only the end of the archive shows', async () => {
    const archive = archiveOf([insert(ns('visits'), { _id: 60, text: 'intact' })], [visits()]);
    archive.write('broken', archive.lastIndexOf('intact'));
    await expect(replay(archive)).rejects.toMatchObject({ code: 'archive/crc-mismatch' });
    expect(await contentsOf(client, db)).toEqual([]);
  });
});

describe('before anything is written', () => {
  const refused = async (changes: Partial<LoadRequest>, options = {}) => {
    const request = loadRequest({ oplogReplay: true, ...changes });
    const contents = {
      namespaces: [{ db, collection: 'people', type: 'collection' as const, documents: 3 }],
      oplog: 7,
    };
    const planned: unknown = await createNativeLoadEngine(options)
      .plan(request, contents, new AbortController().signal)
      .catch((error: unknown) => error);
    const loaded: unknown = await loadArchive(archiveOf(made()), { oplogReplay: true, ...changes }, options).catch(
      (error: unknown) => error,
    );
    expect(await contentsOf(client, db)).toEqual([]);
    return [planned, loaded];
  };

  withoutApplyOps('a target without applyOps is refused, by the dry run too', async () => {
    // The server itself, without the double.
    const refusal = { code: 'target/unsupported', message: expect.stringContaining('applyOps') as unknown };
    expect(await refused({})).toMatchObject([refusal, refusal]);
  });

  it('a part of an archive is refused, by the dry run too', async () => {
    const refusal = { code: 'cli/bad-arguments', hint: expect.stringContaining('--no-oplog-replay') as unknown };
    expect(await refused({ include: [ns('people')] }, { connect: double.connect })).toMatchObject([refusal, refusal]);
  });

  it('a dry run says what becomes of the oplog', async () => {
    const plan = async (oplogReplay: boolean) => {
      const contents = {
        namespaces: [{ db, collection: 'visits', type: 'collection' as const, documents: 1 }],
        oplog: 7,
      };
      const engine = createNativeLoadEngine({ connect: double.connect });
      return (await engine.plan(loadRequest({ oplogReplay }), contents, new AbortController().signal)).notes.join('\n');
    };
    expect(await plan(true)).toMatch(/the 7 oplog entries are replayed/);
    expect(await plan(false)).toMatch(/the oplog of 7 entries is not replayed/);
  });
});
