/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { createNativeLoadEngine, type ArchiveContents, type LoadRequest } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { buildArchive } from '../support/build-archive.js';
import { contentsOf, gated, listening, loadArchive, loadRequest, testUri } from '../support/native-load.js';

// What a restore does to a target that is not empty, and what it leaves as it was.

let client: MongoClient;
let db: string;
let other: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('load');
  other = uniqueDatabase('load');
});
afterEach(async () => {
  await client.db(db).dropDatabase();
  await client.db(other).dropDatabase();
});

const documents = [
  { _id: 1, a: 'one' },
  { _id: 2, a: 'two' },
] as const;
const aIndex = { v: 2, key: { a: 1 }, name: 'a_1' };
const archiveOf = (name: string) =>
  buildArchive([
    { db: name, collection: 'people', documents, indexes: [aIndex] },
    { db: name, collection: 'visits', documents: [{ _id: 9 }] },
  ]);
const contents = (name: string): ArchiveContents => ({
  namespaces: [
    { db: name, collection: 'people', type: 'collection', documents: 2 },
    { db: name, collection: 'visits', type: 'collection', documents: 1 },
  ],
});
const plan = (changes: Partial<LoadRequest> = {}) =>
  createNativeLoadEngine().plan(loadRequest(changes), contents(db), new AbortController().signal);
const restored = ['people (2, 2)', 'visits (1, 1)'];

describe('into an empty target', () => {
  it('restores, and leaves nothing of its own behind', async () => {
    const report = await loadArchive(archiveOf(db));
    const measured = { bytes: expect.any(Number), durationMs: expect.any(Number) };
    expect(report).toEqual({
      outcome: 'restored',
      warnings: [],
      namespaces: [
        { db, collection: 'people', documents: 2, indexes: 2, differences: [], ...measured },
        { db, collection: 'visits', documents: 1, indexes: 1, differences: [], ...measured },
      ],
    });
    expect(await contentsOf(client, db)).toEqual(restored);
  });

  it('goes beside collections of other names', async () => {
    await client.db(db).collection('mine').insertOne({ a: 1 });
    await loadArchive(archiveOf(db));
    expect(await contentsOf(client, db)).toEqual(['mine (1, 1)', ...restored]);
  });

  it('takes the place of an empty collection', async () => {
    await client.db(db).createCollection('people');
    await loadArchive(archiveOf(db));
    expect(await contentsOf(client, db)).toEqual(restored);
  });

  it.each([
    ['documents', () => client.db(db).collection('people').insertOne({ a: 1 }), 'people (1, 1)', '1 document)'],
    [
      'an index',
      () => client.db(db).collection('people').createIndex({ b: 1 }),
      'people (0, 2)',
      '1 index beside _id)',
    ],
  ])('refuses a name with %s, and touches nothing', async (_what, fill, before, words) => {
    await fill();
    const refusal = {
      code: 'target/not-empty',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('--replace'),
    };
    await expect(plan()).rejects.toMatchObject(refusal);
    await expect(loadArchive(archiveOf(db))).rejects.toMatchObject(refusal);
    expect(await contentsOf(client, db)).toEqual([before]);
  });

  it('plans without writing', async () => {
    const planned = await plan();
    expect(planned.namespaces).toEqual([
      { from: `${db}.people`, db, collection: 'people', type: 'collection', documents: 2, action: 'create' },
      { from: `${db}.visits`, db, collection: 'visits', type: 'collection', documents: 1, action: 'create' },
    ]);
    expect(planned.notes).toEqual([expect.stringContaining('takes its name in one step')]);
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('restores an archive without collections, and says so', async () => {
    expect(await loadArchive(buildArchive([]))).toEqual({
      outcome: 'restored',
      namespaces: [],
      warnings: ['empty: the archive holds no collections'],
    });
  });

  it('flags a restore without a document', async () => {
    const report = await loadArchive(buildArchive([{ db, collection: 'people' }]));
    expect(report.warnings).toEqual(['empty: no document was restored']);
    expect(await contentsOf(client, db)).toEqual(['people (0, 1)']);
  });
});

describe('names', () => {
  it('renames a database and a collection', async () => {
    const rename = [{ from: db, to: other }];
    await loadArchive(archiveOf(db), { rename });
    expect(await contentsOf(client, other)).toEqual(restored);
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('restores a selection', async () => {
    await loadArchive(archiveOf(db), { include: [`${db}.v*`] });
    expect(await contentsOf(client, db)).toEqual(['visits (1, 1)']);
  });

  it('refuses a selection that fits nothing', async () => {
    const selection = { include: [`${db}.nothing`] };
    await expect(plan(selection)).rejects.toMatchObject({ code: 'cli/bad-arguments' });
    await expect(loadArchive(archiveOf(db), selection)).rejects.toMatchObject({ code: 'cli/bad-arguments' });
  });

  it('refuses two namespaces under one name', async () => {
    const rename = [{ from: `${db}.people`, to: `${db}.visits` }];
    await expect(loadArchive(archiveOf(db), { rename })).rejects.toMatchObject({ code: 'cli/bad-arguments' });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('refuses a name that the server does not take, before anything is written', async () => {
    const rename = [{ from: `${db}.people`, to: `${db}.pe$ple` }];
    await expect(plan({ rename })).rejects.toMatchObject({ code: 'target/unsupported' });
    await expect(loadArchive(archiveOf(db), { rename })).rejects.toMatchObject({ code: 'target/unsupported' });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('leaves out users, roles, the oplog and plans, with a note', async () => {
    const archive = buildArchive([
      { db: 'admin', collection: 'system.users', documents: [{ _id: 'a' }], unlisted: true },
      { db, collection: '$admin.system.roles', documents: [{ _id: 'a' }], unlisted: true },
      { db, collection: '_hazina_restore', documents: [{ _id: 'plan' }] },
      { db, collection: 'system.js', documents: [{ _id: 'f' }] },
      { db: 'config', collection: 'settings', documents: [{ _id: 'f' }] },
      { db, collection: 'people', documents },
      { db: '', collection: 'oplog', documents: [{ ts: 1 }], unlisted: true },
    ]);
    const report = await loadArchive(archive);
    expect(report.namespaces.map(({ collection }) => collection)).toEqual(['people']);
    for (const name of ['_hazina_restore', 'system.js', 'config.settings'])
      expect(report.warnings).toContainEqual(expect.stringContaining(name));
    expect(await contentsOf(client, db)).toEqual(['people (2, 1)']);
  });

  it('refuses the state of queryable encryption by name', async () => {
    const archive = buildArchive([{ db, collection: 'enxcol_.people.esc', documents }]);
    await expect(loadArchive(archive)).rejects.toMatchObject({
      code: 'target/unsupported',
      message: expect.stringContaining('enxcol_.people.esc'),
    });
    const encrypted = buildArchive([
      { db, collection: 'people', documents, options: { encryptedFields: { fields: [] } } },
    ]);
    await expect(loadArchive(encrypted)).rejects.toMatchObject({ code: 'target/unsupported' });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('F41 never restores over the catalogue', async () => {
    await client.db(db).collection('_hazina_catalog').insertOne({ a: 1 });
    const request = { mode: 'replace', confirm: [db] } as const;
    await expect(plan(request)).rejects.toMatchObject({ code: 'target/refused' });
    await expect(loadArchive(archiveOf(db), request)).rejects.toMatchObject({ code: 'target/refused' });
    expect(await contentsOf(client, db)).toEqual(['_hazina_catalog (1, 1)']);
  });
});

describe('replace', () => {
  const replace = () => ({ mode: 'replace', confirm: [db] }) as const;

  it('refuses without the name of every database', async () => {
    await client.db(db).collection('people').insertOne({ a: 1 });
    for (const confirm of [[], [other]]) {
      const request = { mode: 'replace', confirm } as const;
      const refusal = { code: 'restore/confirmation-needed', hint: expect.stringContaining(db) };
      await expect(plan(request)).rejects.toMatchObject(refusal);
      await expect(loadArchive(archiveOf(db), request)).rejects.toMatchObject(refusal);
    }
    expect(await contentsOf(client, db)).toEqual(['people (1, 1)']);
  });

  it('replaces what the archive holds and leaves the rest alone', async () => {
    await client
      .db(db)
      .collection('people')
      .insertMany([{ x: 1 }, { x: 2 }, { x: 3 }]);
    await client.db(db).collection('people').createIndex({ x: 1 });
    await client.db(db).collection('mine').insertOne({ a: 1 });
    const planned = await plan(replace());
    expect(planned.namespaces.map(({ action }) => action)).toEqual(['replace', 'create']);
    expect(planned.notes).toContainEqual(
      expect.stringContaining(`left alone, because the archive does not hold them: ${db}.mine`),
    );
    await loadArchive(archiveOf(db), replace());
    expect(await contentsOf(client, db)).toEqual(['mine (1, 1)', ...restored]);
    expect(await client.db(db).collection('people').find().sort({ _id: 1 }).toArray()).toEqual(documents);
  });

  it('replaces names with dots, which some servers do not rename to', async () => {
    await client.db(db).collection('a.b').insertOne({ x: 1 });
    const archive = buildArchive([{ db, collection: 'a.b', documents, indexes: [aIndex] }]);
    await loadArchive(archive, replace());
    expect(await contentsOf(client, db)).toEqual(['a.b (2, 2)']);
  });
});

describe('when somebody else writes meanwhile', () => {
  /** Runs `write` after the names were checked (temporaries are made) and before they are checked again (the archive has not ended). */
  const loadMeanwhile = (write: () => Promise<unknown>, changes: Partial<LoadRequest> = {}) => {
    let reachedCreate: (value?: unknown) => void = () => undefined;
    const creating = new Promise((resolve) => (reachedCreate = resolve));
    const options = listening(({ name }) => name === 'create' && reachedCreate());
    return loadArchive(
      gated(archiveOf(db), () => creating.then(write)),
      changes,
      options,
    );
  };

  it('says which name is no longer empty, and changes nothing', async () => {
    const write = () => client.db(db).collection('visits').insertOne({ a: 1 });
    await expect(loadMeanwhile(write)).rejects.toMatchObject({
      code: 'restore/conflict',
      message: expect.stringContaining(`${db}.visits`),
    });
    expect(await contentsOf(client, db)).toEqual(['visits (1, 1)']);
  });

  it('notices writes into what is replaced', async () => {
    await client.db(db).collection('people').insertOne({ a: 1 });
    const write = () => client.db(db).collection('people').insertOne({ a: 2 });
    const request = { mode: 'replace', confirm: [db] } as const;
    await expect(loadMeanwhile(write, request)).rejects.toMatchObject({ code: 'restore/conflict' });
    expect(await contentsOf(client, db)).toEqual(['people (2, 1)']);
  });

  it('goes on with --ignore-writes, keeps the documents aside and says where', async () => {
    const write = () => client.db(db).collection<{ _id: string }>('visits').insertOne({ _id: 'theirs' });
    const report = await loadMeanwhile(write, { ignoreWrites: true });
    const aside =
      report.warnings
        .map((warning) => /they are in (_hazina_old_\w+)/.exec(warning)?.[1])
        .find((name) => name !== undefined) ?? '';
    expect(await client.db(db).collection(aside).find().toArray()).toEqual([{ _id: 'theirs' }]);
    expect(await contentsOf(client, db)).toEqual([`${aside} (1, 1)`, ...restored]);
  });
});
