/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BSON, MongoClient, type Document } from 'mongodb';
import type { LoadReport, LoadRequest } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { buildArchive, type ArchiveNamespaceInput } from '../support/build-archive.js';
import { contentsOf, listening, loadArchive, testUri, type SentCommand } from '../support/native-load.js';

// The table of kinds (docs/DESIGN.md, "A restore in words"), by the commands that the loader sends: the test server may ignore options and views.

let client: MongoClient;
let db: string;
let sent: SentCommand[];

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('load');
  sent = [];
});
afterEach(async () => {
  await client.db(db).dropDatabase();
});

type Input = Omit<ArchiveNamespaceInput, 'db'>;
function load(namespaces: readonly Input[], changes: Partial<LoadRequest> = {}): Promise<LoadReport> {
  const archive = buildArchive(namespaces.map((namespace) => ({ db, ...namespace })));
  return loadArchive(
    archive,
    changes,
    listening((command) => sent.push(command)),
  );
}
const commands = (name: string): Document[] =>
  sent.filter((command) => command.name === name).map(({ command }) => command);
const position = (test: (command: SentCommand) => boolean) => sent.findIndex(test);
const plain = (document: unknown): unknown =>
  BSON.EJSON.parse(BSON.EJSON.stringify(document, { relaxed: false }), { relaxed: true });
const temporary = /^_hazina_tmp_[a-z0-9]{6}_\d+$/;

describe('collections', () => {
  it('are created with every option, by a majority, under a temporary name', async () => {
    const options = {
      validator: { $jsonSchema: { required: ['a'] } },
      validationLevel: 'moderate',
      collation: { locale: 'sw', strength: 2 },
      changeStreamPreAndPostImages: { enabled: true },
    };
    await load([{ collection: 'people', documents: [{ _id: 1, a: 1 }], options }]);
    const [create] = commands('create');
    expect(create?.['create']).toMatch(temporary);
    expect(plain(create)).toMatchObject({ ...options, writeConcern: { w: 'majority' } });
  });

  it('take documents unordered, past validators, by a majority', async () => {
    await load([{ collection: 'people', documents: [{ _id: 1 }] }]);
    expect(commands('insert').filter((insert) => temporary.test(String(insert['insert'])))).toMatchObject([
      {
        ordered: false,
        bypassDocumentValidation: true,
        bypassEmptyTsReplacement: true,
        writeConcern: { w: 'majority' },
      },
    ]);
  });

  it('get their names by renames that drop nothing', async () => {
    await load([{ collection: 'people', documents: [{ _id: 1 }] }]);
    const renames = commands('renameCollection').filter((rename) =>
      temporary.test(String(rename['renameCollection']).split('.')[1] ?? ''),
    );
    expect(renames.at(-1)).toMatchObject({ to: `${db}.people`, dropTarget: false, writeConcern: { w: 'majority' } });
  });

  it('keep a validator on a server that takes it through collMod only', async () => {
    const options = { validator: { a: { $type: 'int' } } };
    const report = await load([{ collection: 'people', documents: [{ _id: 1, a: 'does not fit' }], options }]);
    expect(report).toMatchObject({ outcome: 'restored', warnings: [] });
    const [listed] = await client.db(db).listCollections({ name: 'people' }, { nameOnly: false }).toArray();
    expect(listed).toMatchObject({ options });
    await expect(client.db(db).collection('people').insertOne({ a: 'no' })).rejects.toThrow();
  });

  it('name what the server did not keep: a warning, or a difference with strict', async () => {
    const collation = { locale: 'sw' };
    const people: Input = { collection: 'people', documents: [{ _id: 1 }], options: { collation } };
    const report = await load([people]);
    const [listed] = await client.db(db).listCollections({ name: 'people' }, { nameOnly: false }).toArray();
    const kept = listed !== undefined && 'options' in listed && listed.options['collation'] !== undefined;
    expect(report.outcome).toBe('restored');
    expect(report.warnings).toEqual(kept ? [] : [`${db}.people: the server did not keep: collation`]);
    const strict = await load([people], { mode: 'replace', confirm: [db], strict: true });
    expect(strict.outcome).toBe(kept ? 'restored' : 'restored-with-differences');
    expect(strict.namespaces[0]?.differences).toEqual(kept ? [] : ['the server did not keep: collation']);
    expect(strict.warnings).toEqual([]);
  });

  it('fails, naming the option, when the server refuses one', async () => {
    await expect(
      load([
        { collection: 'people', options: { capped: 'yes', size: -1, noSuchOption: 1 } },
        { collection: 'x'.repeat(300) },
      ]),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^target\//) });
    expect(await contentsOf(client, db)).toEqual([]);
  });
});

describe('capped collections', () => {
  it('are filled in order by one inserter', async () => {
    const documents = Array.from({ length: 30 }, (_, i) => ({ _id: i, text: 'x'.repeat(100) }));
    const archive = buildArchive([{ db, collection: 'log', documents, options: { capped: true, size: 1 << 20 } }]);
    let inFlight = 0;
    let most = 0;
    const options = {
      tuning: { batchBytes: 500, inFlight: 3 },
      connect: async (uri: { reveal(): string }) => {
        const monitored = new MongoClient(uri.reveal(), { monitorCommands: true });
        monitored.on('commandStarted', (event) => {
          if (event.commandName !== 'insert' || !temporary.test(String(event.command['insert']))) return;
          inFlight += 1;
          most = Math.max(most, inFlight);
          sent.push({ db: event.databaseName, name: 'insert', command: event.command });
        });
        monitored.on(
          'commandSucceeded',
          ({ commandName }) => (inFlight -= commandName === 'insert' && inFlight > 0 ? 1 : 0),
        );
        return monitored.connect();
      },
    };
    await loadArchive(archive, {}, options);
    expect(commands('insert').length).toBeGreaterThan(5);
    expect(commands('insert').every((insert) => insert['ordered'] === true)).toBe(true);
    expect(most).toBe(1);
    const restored = await client
      .db(db)
      .collection('log')
      .find({}, { hint: { $natural: 1 } })
      .toArray();
    expect(restored.map(({ _id }) => _id as unknown)).toEqual(documents.map(({ _id }) => _id));
  });
});

describe('indexes', () => {
  it('are built together, as they were defined; TTL ones after the rename', async () => {
    const indexes = [
      { v: 2, key: { a: 1, '10': -1 }, name: 'a_10', unique: true, ns: 'x.y' },
      { v: 2, key: { b: 1 }, name: 'b_1', sparse: true, storageEngine: { enableOrderedIndex: true } },
      { v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 3600 },
    ];
    const report = await load([{ collection: 'people', documents: [{ _id: 1, a: 1, b: 1, at: new Date() }], indexes }]);
    expect(report).toMatchObject({ outcome: 'restored', warnings: [], namespaces: [{ indexes: 4 }] });
    const [early, late, ...more] = commands('createIndexes');
    expect(more).toEqual([]);
    expect(early?.['createIndexes']).toMatch(temporary);
    expect(plain(early?.['indexes'])).toEqual([
      { v: 2, key: { a: 1, '10': -1 }, name: 'a_10', unique: true },
      { v: 2, key: { b: 1 }, name: 'b_1', sparse: true },
    ]);
    expect(late?.['createIndexes']).toBe('people');
    expect(plain(late?.['indexes'])).toEqual([{ v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 3600 }]);
    const renamed = position(
      ({ command }) => command['to'] === `${db}.people` && !String(command['renameCollection']).endsWith('_none'),
    );
    expect(position(({ command }) => command === late)).toBeGreaterThan(renamed);
  });

  it.each([
    ['unique', { v: 2, key: { a: 1 }, name: 'a_1', unique: true }],
    ['unique and TTL', { v: 2, key: { a: 1 }, name: 'a_1', unique: true, expireAfterSeconds: 60 }],
  ])('a %s one that the data does not fit fails the restore, and the target is as it was', async (_what, index) => {
    await client.db(db).collection('mine').insertOne({ a: 1 });
    const failing = load([
      {
        collection: 'people',
        documents: [
          { _id: 1, a: 1 },
          { _id: 2, a: 1 },
        ],
        indexes: [index],
      },
    ]);
    await expect(failing).rejects.toMatchObject({
      code: 'restore/failed',
      stage: 'index',
      message: expect.stringContaining('a_1'),
    });
    expect(await contentsOf(client, db)).toEqual(['mine (1, 1)']);
  });
});

describe('views', () => {
  const view: Input = {
    collection: 'adults',
    type: 'view',
    options: { viewOn: 'people', pipeline: [{ $match: { age: { $gte: 18 } } }] },
  };
  const people: Input = {
    collection: 'people',
    documents: [
      { _id: 1, age: 20 },
      { _id: 2, age: 3 },
    ],
  };

  it('are tried early, made after all renames, and named when the server makes none', async () => {
    const report = await load([view, people]);
    const [trial] = commands('create').filter((create) => create['viewOn'] !== undefined);
    expect(trial?.['create']).toMatch(temporary);
    const names = await contentsOf(client, db).catch(() => []);
    const made = await client.db(db).listCollections({ name: 'adults' }, { nameOnly: true }).toArray();
    if (made[0]?.type === 'view') {
      expect(report.warnings).toEqual([]);
      expect(position(({ command }) => command['create'] === 'adults')).toBeGreaterThan(
        position(({ command }) => command['to'] === `${db}.people`),
      );
    } else {
      // The server took viewOn and made a collection: that one is gone again.
      expect(names).toEqual(['people (2, 1)']);
      expect(report.warnings).toEqual([
        expect.stringContaining(`${db}.adults: the server did not keep: the view itself`),
      ]);
    }
  });

  it('follow a renamed collection', async () => {
    await load([view, people], { rename: [{ from: `${db}.people`, to: `${db}.folk` }] });
    expect(commands('create').find((create) => create['viewOn'] !== undefined)).toMatchObject({ viewOn: 'folk' });
  });
});

describe('time series', () => {
  const series: Input = {
    collection: 'weather',
    type: 'timeseries',
    dataCollection: 'system.buckets.weather',
    options: { timeseries: { timeField: 'at', granularity: 'hours' } },
    documents: [{ _id: 1, control: { version: 1 } }],
  };

  it('are tried early, and refused by name on a server that has none', async () => {
    const loading = load([{ collection: 'people', documents: [{ _id: 1 }] }, series]);
    const outcome = await loading.catch((error: unknown) => error);
    const [trial] = commands('create').filter((create) => create['timeseries'] !== undefined);
    expect(trial?.['create']).toMatch(temporary);
    expect(plain(trial)).toMatchObject(series.options ?? {});
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({ code: 'target/unsupported', message: expect.stringContaining('weather') });
      expect(await contentsOf(client, db)).toEqual([]);
    } else {
      expect(position(({ command }) => command['create'] === 'weather')).toBeGreaterThan(
        position(({ command }) => command['to'] === `${db}.people`),
      );
    }
  });
});

describe('GridFS', () => {
  it('gets its chunks before its files', async () => {
    await load([
      { collection: 'fs.files', documents: [{ _id: 1 }] },
      { collection: 'fs.chunks', documents: [{ _id: 1 }] },
    ]);
    expect(await contentsOf(client, db)).toEqual(['fs.chunks (1, 1)', 'fs.files (1, 1)']);
    // Renamed, or filled in place where the server does not rename to names with dots.
    const first = (name: string) =>
      position(
        ({ command }) =>
          command['create'] === name ||
          (command['to'] === `${db}.${name}` && !String(command['renameCollection']).endsWith('_none')),
      );
    expect(first('fs.chunks')).toBeGreaterThan(0);
    expect(first('fs.chunks')).toBeLessThan(first('fs.files'));
  });
});

describe('documents', () => {
  it('F42 that are twice in the archive fail the restore', async () => {
    const failing = load([
      {
        collection: 'people',
        documents: [
          { _id: 1, v: 1 },
          { _id: 1, v: 2 },
        ],
      },
    ]);
    await expect(failing).rejects.toMatchObject({ code: 'restore/failed', hint: expect.stringContaining('keep-last') });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('that are twice: keep-last keeps the last one, across batches too', async () => {
    const documents = Array.from({ length: 40 }, (_, i) => ({ _id: i % 7, v: i, text: 'x'.repeat(50) }));
    const archive = buildArchive([{ db, collection: 'people', documents }], 3);
    const report = await loadArchive(
      archive,
      { onConflict: 'keep-last' },
      { tuning: { batchBytes: 400, inFlight: 3 } },
    );
    expect(report.namespaces[0]?.documents).toBe(7);
    const restored = await client.db(db).collection('people').find().sort({ _id: 1 }).toArray();
    expect(restored.map(({ v }) => v as unknown)).toEqual([35, 36, 37, 38, 39, 33, 34]);
  });

  it('keep an empty timestamp', async () => {
    const at = new BSON.Timestamp(0n);
    await load([{ collection: 'people', documents: [{ _id: 1, at }] }]);
    expect((await client.db(db).collection('people').findOne())?.['at']).toEqual(at);
  });

  it('F42 that the server refuses fail the restore with its reason', async () => {
    const failing = load([{ collection: 'people', documents: [{ _id: [1, 2] }] }]);
    await expect(failing).rejects.toMatchObject({
      code: 'restore/failed',
      message: expect.stringContaining(`${db}.people`),
    });
    expect(await contentsOf(client, db)).toEqual([]);
  });
});
