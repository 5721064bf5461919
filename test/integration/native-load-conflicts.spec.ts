import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import type { LoadReport, LoadRequest, NativeLoadOptions } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { buildArchive } from '../support/build-archive.js';
import { contentsOf, loadArchive, testUri } from '../support/native-load.js';

// Archives of servers that were written meanwhile: one `_id` twice, one value of a unique index twice. By the server itself, in small batches.

let client: MongoClient;
let db: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('conflict');
});
afterEach(async () => {
  await client.db(db).dropDatabase();
});

const small: NativeLoadOptions = { tuning: { batchBytes: 400, inFlight: 3 } };
const unique = (key: Document, more: Document = {}) => ({
  ...{ v: 2, key, name: Object.keys(key).join('_') + '_1', unique: true },
  ...more,
});
const keepLast = { onConflict: 'keep-last' } as const;

function load(documents: Document[], indexes: Document[], changes: Partial<LoadRequest> = {}): Promise<LoadReport> {
  const archive = buildArchive(
    [
      { db, collection: 'people', documents, indexes },
      { db, collection: 'other', documents: [{ _id: 1 }] },
    ],
    3,
  );
  return loadArchive(archive, changes, small);
}
const people = async (): Promise<Document[]> => client.db(db).collection('people').find().sort({ _id: 1 }).toArray();
const differences = (report: LoadReport) => report.namespaces.find(({ collection }) => collection === 'people');

describe('fail', () => {
  it('names the collection and the _id that is there twice, and leaves the target as it was', async () => {
    const failing = load([{ _id: 'a' }, { _id: 'b', name: 'Neema' }, { _id: 'a', name: 'Juma' }], []);
    await expect(failing).rejects.toMatchObject({
      code: 'restore/failed',
      stage: 'load',
      message: `The archive holds two documents of ${db}.people with the _id "a"`,
      hint: expect.stringContaining('--on-conflict keep-last'),
    });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('names the unique index that is broken, and no value but the _id', async () => {
    const indexes = [unique({ badge: 1 }), unique({ mail: 1 }), { v: 2, key: { at: 1 }, name: 'at_1' }];
    const failing = load(
      [
        { _id: 1, mail: 'neema@example.org', badge: 1 },
        { _id: 2, mail: 'juma@example.org', badge: 2 },
        { _id: 3, mail: 'neema@example.org', badge: 3 },
      ],
      indexes,
    );
    await expect(failing).rejects.toMatchObject({
      code: 'restore/failed',
      stage: 'index',
      message: expect.stringMatching(
        new RegExp(
          `Two documents of ${db}.people have the same value of the unique index mail_1 \\{"mail":1\\}; one of them has the _id [13]$`,
        ),
      ),
      hint: expect.stringContaining('--on-conflict keep-last'),
    });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('says nothing of duplicates when an index fails by something else', async () => {
    const failing = load([{ _id: 1, a: 1 }], [unique({ a: 1 }), { v: 2, key: { b: 'nonsense' }, name: 'b_nonsense' }]);
    await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('could not build the indexes') });
    expect(await contentsOf(client, db)).toEqual([]);
  });
});

describe('keep-last', () => {
  it('keeps the last document with an _id, across batches, and lists what it left out', async () => {
    const documents = Array.from({ length: 60 }, (_, n) => ({ _id: n % 7, v: n, text: 'x'.repeat(50) }));
    const report = await load(documents, [], keepLast);
    expect((await people()).map(({ v }) => v as unknown)).toEqual([56, 57, 58, 59, 53, 54, 55]);
    expect(report.outcome).toBe('restored-with-differences');
    const found = differences(report);
    const [counted, ...each] = found?.differences ?? [];
    expect([found?.documents, counted]).toEqual([7, '53 documents were left out for later ones (keep-last)']);
    const ids = documents.map(({ _id }) => `_id ${_id}: the earlier of two documents with it`);
    expect(each.toSorted()).toEqual(ids.slice(0, 53).toSorted());
    expect(report.namespaces.find(({ collection }) => collection === 'other')?.differences).toEqual([]);
  });

  it('takes equal numbers of different types for one _id, as the server does', async () => {
    await load([{ _id: 1, v: 'int' }, { _id: 2 }, { _id: 1.0, v: 'last' }], [], keepLast);
    expect((await people()).map(({ v }) => v as unknown)).toEqual(['last', undefined]);
  });

  it('keeps the later document of each group that breaks a unique index', async () => {
    const documents = [
      { _id: 9, mail: 'a', v: 1 },
      { _id: 1, mail: 'b', v: 2 },
      { _id: 5, mail: 'a', v: 3 },
      { _id: 3, mail: 'c', v: 4 },
      { _id: 2, mail: 'a', v: 5 },
      { _id: 8, mail: 'b', v: 6 },
    ];
    const report = await load(documents, [unique({ mail: 1 })], keepLast);
    expect((await people()).map(({ v }) => v as unknown)).toEqual([5, 4, 6]);
    expect(differences(report)).toMatchObject({
      documents: 3,
      indexes: 2,
      differences: [
        '3 documents were left out for later ones (keep-last)',
        '_id 5: a later document has its value of the unique index mail_1 {"mail":1}',
        '_id 1: a later document has its value of the unique index mail_1 {"mail":1}',
        '_id 9: a later document has its value of the unique index mail_1 {"mail":1}',
      ],
    });
    expect(await contentsOf(client, db)).toEqual(['other (1, 1)', 'people (3, 2)']);
    // The index is there, and it is unique.
    await expect(client.db(db).collection('people').insertOne({ mail: 'a' })).rejects.toMatchObject({
      code: 11000,
    });
  });

  it('judges both in the order of the archive: a document that came again is a late one', async () => {
    const documents = [
      { _id: 1, mail: 'a', v: 'old' },
      { _id: 2, mail: 'b', v: 'between' },
      { _id: 1, mail: 'b', v: 'new' },
    ];
    const report = await load(documents, [unique({ mail: 1 })], keepLast);
    expect((await people()).map(({ v }) => v as unknown)).toEqual(['new']);
    expect(differences(report)?.differences[0]).toBe('2 documents were left out for later ones (keep-last)');
  });

  it('judges more documents than it looks at in one go', async () => {
    const some = Array.from({ length: 1200 }, (_, n) => ({ _id: n, mail: `m${n % 1100}`, v: n }));
    const report = await load([...some, { _id: 3, mail: 'm3', v: 'again' }], [unique({ mail: 1 })], keepLast);
    const kept = await people();
    expect(kept).toHaveLength(1100);
    expect(kept.find(({ mail }) => mail === 'm3')).toMatchObject({ _id: 3, v: 'again' });
    expect(kept.find(({ mail }) => mail === 'm0')).toMatchObject({ _id: 1100 });
    // The one that came again, the one that it beats (1103), and 99 earlier ones.
    expect(differences(report)?.differences[0]).toBe('101 documents were left out for later ones (keep-last)');
  });

  it('keeps what does not collide with anything that is kept', async () => {
    // The second collides with both others, which do not collide with each other.
    const documents = [
      { _id: 1, mail: 'a', badge: 1 },
      { _id: 2, mail: 'a', badge: 2 },
      { _id: 3, mail: 'c', badge: 2 },
    ];
    await load(documents, [unique({ mail: 1 }), unique({ badge: 1 })], keepLast);
    expect((await people()).map(({ _id }) => _id as unknown)).toEqual([1, 3]);
  });

  it('is not asked where nothing collides', async () => {
    const report = await load(
      [
        { _id: 1, mail: 'a' },
        { _id: 2, mail: 'b' },
      ],
      [unique({ mail: 1 })],
      keepLast,
    );
    expect(report.outcome).toBe('restored');
  });

  it('a unique index that expires documents, too', async () => {
    const at = new Date(Date.now() + 3_600_000);
    const index = unique({ at: 1 }, { expireAfterSeconds: 3600 });
    const report = await load(
      [
        { _id: 1, at },
        { _id: 2, at },
      ],
      [index],
      keepLast,
    );
    expect((await people()).map(({ _id }) => _id as unknown)).toEqual([2]);
    expect(differences(report)?.differences[0]).toBe('1 document was left out for later ones (keep-last)');
  });
});
