import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { psql, services, uniqueDatabase } from '../services/services.js';
import { dumpAndRead, dumpRequest, fixtureArchive, hashDocuments } from '../support/native-dump.js';
import { loadArchive } from '../support/native-load.js';

// The native dump of a real server; what a dump of a failing one does: native-dump-faults.spec.ts.

let client: MongoClient;
const databases: string[] = [];
beforeAll(async () => {
  client = await MongoClient.connect(services().mongodbUri);
});
afterAll(async () => {
  for (const name of databases) await client.db(name).dropDatabase();
  await client.close();
});

function newDatabase(): string {
  const name = uniqueDatabase('dump');
  databases.push(name);
  return name;
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error(`no AppError: ${String(outcome)}`);
}

/** Fixture archives go in through the native loader, whose own tests compare every byte. */
async function fill(db: string, archive: string, from: string): Promise<Buffer> {
  const bytes = fixtureArchive(archive);
  await loadArchive(bytes, { rename: [{ from, to: db }] });
  return bytes;
}

describe('documents', () => {
  it.each([
    ['types.archive', 'fx_types'],
    ['clinic.archive', 'fx_clinic'],
    ['big.archive.gz', 'fx_big'],
    ['many.archive.gz', 'fx_many'],
  ])(
    '%s: what lies on the server comes out byte for byte',
    async (archive, from) => {
      const db = newDatabase();
      const expected = await hashDocuments(await fill(db, archive, from));
      const { summary, documents, result } = await dumpAndRead(dumpRequest({ databases: [db] }));
      expect(Object.fromEntries(documents)).toEqual(Object.fromEntries(expected.documents));
      const names = ({ namespaces }: typeof summary) => namespaces.map(({ collection }) => collection).sort();
      expect(names(summary)).toEqual(names(expected.summary));
      expect(result.warnings).toEqual([]);
    },
    60_000,
  );

  it('indexes in the order in which the server lists them, names that look like numbers too', async () => {
    const db = newDatabase();
    // An object would put names that look like numbers first.
    const key = new Map([
      ['10', 1],
      ['b', -1],
      ['2', 1],
    ]);
    await client.db(db).command({ createIndexes: 'a', indexes: [{ key, unique: true, name: 'x' }] });
    const { summary } = await dumpAndRead(dumpRequest({ databases: [db] }));
    const metadata = summary.namespaces[0]?.metadata ?? '';
    expect(metadata).toMatch(
      /"key":\{"10":\{"\$numberInt":"1"\},"b":\{"\$numberInt":"-1"\},"2":\{"\$numberInt":"1"\}\}/,
    );
    expect(metadata).toMatch(/"uuid":"[0-9a-f]{32}","collectionName":"a","type":"collection"\}$/);
  });
});

describe('which databases', () => {
  it('the one in the path of the URI; several by name; patterns', async () => {
    const [one, two] = [newDatabase(), newDatabase()];
    for (const db of [one, two]) for (const name of ['a', 'b']) await client.db(db).collection(name).insertOne({ db });
    const shape = async (request: Parameters<typeof dumpRequest>[0]) =>
      (await dumpAndRead(dumpRequest(request))).summary.namespaces
        .map(({ db, collection }) => `${db}.${collection}`)
        .sort();
    const url = new URL(services().mongodbUri);
    url.pathname = `/${one}`;
    expect(await shape({ uri: url.toString() })).toEqual([`${one}.a`, `${one}.b`]);
    expect(await shape({ databases: [two, one], exclude: ['*.b'] })).toEqual([`${one}.a`, `${two}.a`].sort());
    expect(await shape({ include: [`${one}.b`, two] })).toEqual([`${one}.b`, `${two}.a`, `${two}.b`].sort());
  });

  it('never what a drill or a scratch restore made, unless it is named; its marker in no case', async () => {
    const [source, unique] = [newDatabase(), uniqueDatabase('c')];
    const scratch = `hazina_scratch_${unique.slice(-6)}_clinic`;
    // The name alone makes no scratch database of one, and neither does the marker.
    const alike = `hazina_scratch_${unique.slice(-6)}_mine`;
    databases.push(scratch, alike);
    for (const db of [source, scratch, alike]) await client.db(db).collection(unique).insertOne({ a: 1 });
    for (const db of [source, scratch]) await client.db(db).collection('_hazina_scratch').insertOne({ restoreId: 'r' });
    const names = ({ namespaces }: Awaited<ReturnType<typeof dumpAndRead>>['summary']) =>
      namespaces.map(({ db, collection }) => `${db}.${collection}`).sort();
    const whole = await dumpAndRead(dumpRequest({ include: [`*.${unique}`] }));
    expect(names(whole.summary)).toEqual([`${source}.${unique}`, `${alike}.${unique}`].sort());
    expect(whole.result.warnings).toContainEqual(
      expect.stringMatching(new RegExp(`^${scratch} was left out: a drill`)),
    );
    const named = await dumpAndRead(dumpRequest({ databases: [scratch, source] }));
    expect(names(named.summary)).toEqual([`${source}.${unique}`, `${scratch}.${unique}`].sort());
    expect(named.result.warnings).toEqual(
      [source, scratch].map((db) => `${db}: the marker of a scratch database was left out (_hazina_scratch)`),
    );
  });

  it('all of the server, this one among them', async () => {
    const db = newDatabase();
    await client.db(db).collection('a').insertOne({ a: 1 });
    // Other tests come and go on this server: what they have under way stays out of this one.
    const { summary } = await dumpAndRead(dumpRequest({ include: [`${db}.*`] }));
    expect(summary.namespaces.map(({ collection }) => collection)).toEqual(['a']);
  });

  it('a name that does not exist is an error that names the ones that do', async () => {
    const db = newDatabase();
    await client.db(db).collection('a').insertOne({ a: 1 });
    const error = await failure(dumpAndRead(dumpRequest({ databases: [`${db}x`] })));
    expect(error.code).toBe('source/unknown-database');
    expect(error.message).toContain(`it has ${db}`);
  });

  it('an existing database without a collection is a valid archive, and said to be empty', async () => {
    const db = newDatabase();
    // The plan of a restore makes the database exist and is not dumped: so on every server.
    await client.db(db).collection('_hazina_restore').insertOne({ note: 'no plan' });
    const { summary, result } = await dumpAndRead(dumpRequest({ databases: [db] }));
    expect(summary.namespaces).toEqual([]);
    expect(result.warnings).toContainEqual(expect.stringMatching(/^empty: /));
  });
});

describe('views', () => {
  it('their definition, no documents', async () => {
    if (services().mongodbKind !== 'ferretdb') {
      const db = newDatabase();
      await client.db(db).collection('base').insertOne({ a: 1 });
      await client.db(db).createCollection('v', { viewOn: 'base', pipeline: [{ $match: { a: 1 } }] });
      await expectView(db);
      return;
    }
    const db = newDatabase();
    await client.db(db).collection('base').insertOne({ a: 1 });
    // FerretDB ignores viewOn; its PostgreSQL side does not (services.md).
    const view = '{"create":"v","viewOn":"base","pipeline":[{"$match":{"a":1}}]}';
    await psql(`select documentdb_api.create_collection_view('${db}', '${view}'::documentdb_core.bson)`);
    await expectView(db);
  });

  async function expectView(db: string): Promise<void> {
    const { summary } = await dumpAndRead(dumpRequest({ databases: [db] }));
    const view = summary.namespaces.find(({ collection }) => collection === 'v');
    expect(view).toMatchObject({ type: 'view', documents: 0 });
    expect(view?.metadata).toMatch(
      /^\{"options":\{"viewOn":"base","pipeline":\[\{"\$match":\{"a":.*\}\}\]\},"indexes":\[\],"collectionName":"v","type":"view"\}$/,
    );
  }
});
