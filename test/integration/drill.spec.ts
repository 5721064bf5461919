import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient, type Db } from 'mongodb';
import { AppError, Secret, type DrillQuery } from '#contracts';
import { createNativeLoadEngine, dropDrill, findDrills, type LoadEngine } from '#engine';
import { waitUntil } from '../services/services.js';
import { noAbort } from '../support/backup-world.js';
import {
  databasesOf,
  drillOf,
  fixtureArchive,
  newDrillId,
  storedArchive,
  type StoredDrill,
} from '../support/drill-world.js';
import { failure } from '../support/fake-dump.js';
import { testUri } from '../support/native-load.js';

const good = readdirSync(join(import.meta.dirname, '../fixtures/archives')).filter((name) =>
  /\.archive(\.gz)?$/.test(name),
);
/** Five hundred collections take their time on the test server. */
const patience = 240_000;
const uri = new Secret(testUri());

let client: MongoClient;
let clinic: StoredDrill;
const made: string[] = [];
beforeAll(async () => {
  client = await MongoClient.connect(testUri());
  clinic = await storedArchive(fixtureArchive('clinic.archive'));
});
afterAll(async () => {
  for (const name of made) await client.db(name).dropDatabase();
  await client.close();
});

/** The native engine, with something done in the drill's database at the moment when everything is loaded. */
function meddling(meddle: (db: Db) => Promise<unknown>, runId: string): LoadEngine {
  const engine = createNativeLoadEngine();
  return {
    ...engine,
    load: (request, source, signal) =>
      engine.load(
        {
          ...request,
          onFilled: async () => {
            const [name = ''] = await databasesOf(runId);
            await meddle(client.db(name));
            await request.onFilled?.();
          },
        },
        source,
        signal,
      ),
  };
}

describe('a drill', () => {
  it.each(good)(
    'of %s: everything comes back, and nothing stays',
    async (name) => {
      const runId = newDrillId();
      const report = await drillOf(await storedArchive(fixtureArchive(name)), { runId });
      expect(report.namespaces.filter(({ differences }) => differences.length > 0)).toEqual([]);
      expect(report.outcome).toBe('equal');
      expect(report.namespaces.length).toBeGreaterThan(0);
      expect(report.restoreMs).toBeGreaterThan(0);
      expect(await databasesOf(runId)).toEqual([]);
    },
    patience,
  );

  it('says what was compared', async () => {
    const report = await drillOf(clinic);
    expect(report.documents).toBe(2_981);
    expect(report.namespaces).toHaveLength(7);
    expect(report.namespaces.reduce((sum, { documents }) => sum + documents, 0)).toBe(2_981);
    expect(report.namespaces.reduce((sum, { indexes }) => sum + indexes, 0)).toBe(26);
  });

  it('warns of what the server does not keep, which is no fault of the backup', async () => {
    const { outcome, warnings } = await drillOf(await storedArchive(fixtureArchive('listing.archive')));
    expect(outcome).toBe('equal');
    expect(warnings.join()).toContain('the view itself');
    expect(warnings.join()).not.toContain('hazina_scratch');
  });

  it.each<[string, (db: Db) => Promise<unknown>, RegExp]>([
    ['a document less', (db) => db.collection('patients').deleteOne({}), /^\d+ documents instead of \d+$/],
    ['a document more', (db) => db.collection('patients').insertOne({ a: 1 }), /^\d+ documents instead of \d+$/],
    [
      'a changed document',
      (db) => db.collection('patients').updateOne({}, { $set: { changed: true } }),
      /^documents with other contents$/,
    ],
    [
      'an index less',
      async (db) => {
        const patients = db.collection('patients');
        const early = (await patients.indexes()).find(({ name }) => name !== '_id_');
        await patients.dropIndex(early?.name ?? 'none was built yet');
      },
      /^index \S+ is not there$/,
    ],
  ])('finds %s', async (_what, meddle, said) => {
    const runId = newDrillId();
    const report = await drillOf(clinic, { runId, engine: meddling(meddle, runId) });
    expect(report.outcome).toBe('different');
    const [different, ...others] = report.namespaces.filter(({ differences }) => differences.length > 0);
    expect(different).toMatchObject({ db: 'fx_clinic', collection: 'patients' });
    expect(different?.differences[0]).toMatch(said);
    expect(others).toEqual([]);
    expect(await databasesOf(runId)).toEqual([]);
  });

  it('looks at the documents before an index can make the server remove some', async () => {
    const runId = newDrillId();
    let early = -1;
    const expiring = async (db: Db) => {
      let found = 0;
      for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
        for (const index of await db.collection(name).indexes()) if (index.expireAfterSeconds !== undefined) found += 1;
      return found;
    };
    const engine = meddling(async (db) => (early = await expiring(db)), runId);
    expect((await drillOf(clinic, { runId, engine })).outcome).toBe('equal');
    expect(early).toBe(0);
    expect(fixtureArchive('clinic.archive').includes('expireAfterSeconds')).toBe(true);
  });

  it('asks its queries, and ages are counted from the backup', async () => {
    const query = (name: string, text: string, expect: DrillQuery['expect']): DrillQuery => ({
      ...{ name, database: 'fx_clinic', collection: 'patients', query: text, expect },
    });
    const queries = [
      query('all', '{}', { min: 1, max: null }),
      query('none', '{"nobody": {"$exists": true}}', { min: 0, max: 0 }),
      query('from the future', '{"_id": {"$gt": {"$ago": "1d"}}}', { min: 0, max: 0 }),
      query('too few', '{}', { min: null, max: 0 }),
      query('no query at all', '{"$nonsense": 1}', { min: 0, max: null }),
    ];
    const report = await drillOf(clinic, { queries });
    expect(report.outcome).toBe('different');
    expect(report.queries.map(({ name, ok }) => [name, ok])).toEqual([
      ['all', true],
      ['none', true],
      ['from the future', true],
      ['too few', false],
      ['no query at all', false],
    ]);
    expect(report.queries[4]?.count).toBeNull();
    expect(report.warnings.join()).toContain('"no query at all" could not be asked');
    expect((await drillOf(clinic, { queries: queries.slice(0, 3) })).outcome).toBe('equal');
  });
});

describe('what a drill leaves', () => {
  it.each(['fails', 'is cancelled'])('is nothing when it %s', async (how) => {
    const runId = newDrillId();
    const cancel = new AbortController();
    const engine = meddling(() => {
      if (how === 'is cancelled') cancel.abort();
      else throw new AppError({ code: 'restore/failed', stage: 'load', message: 'as told' });
      return Promise.resolve();
    }, runId);
    const error = await failure(drillOf(clinic, { runId, engine, signal: cancel.signal }));
    expect(error.code).toBe(how === 'fails' ? 'restore/failed' : 'run/cancelled');
    expect(await databasesOf(runId)).toEqual([]);
  });

  it('is dropped by the next run of the same drill, and nothing that it did not make', async () => {
    const runId = newDrillId();
    const ours = await leftBehind(runId);
    const other = await leftBehind(newDrillId());
    const unmarked = 'hazina_scratch_' + ours.slice(15, 21) + '_unmarked';
    made.push(unmarked);
    await client.db(unmarked).collection('mine').insertOne({ a: 1 });
    // A marker alone does not make a scratch database of one.
    const production = `production_${ours.slice(15, 21)}`;
    made.push(production);
    await client.db(production).collection<{ _id: string }>('_hazina_scratch').insertOne(markOf(runId));
    expect((await drillOf(clinic, { runId })).outcome).toBe('equal');
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
    const names = databases.map(({ name }) => name);
    expect(names).not.toContain(ours);
    expect(names).toEqual(expect.arrayContaining([other, unmarked, production]));
  });

  it('is found by anybody, and dropped only while its marker stands still', async () => {
    const runId = newDrillId();
    const database = await leftBehind(runId);
    const [found] = (await findDrills(uri, noAbort)).filter((drill) => drill.runId === runId);
    if (found === undefined) throw new Error('it was not found');
    expect(found).toEqual({ database, runId, fence: 0, beat: 0, leaseMs: 120_000 });
    await client
      .db(database)
      .collection<{ _id: string }>('_hazina_scratch')
      .updateOne({ _id: 'marker' }, { $inc: { beat: 1 } });
    expect(await dropDrill(uri, found)).toBe(false);
    expect(await dropDrill(uri, { ...found, beat: 1 })).toBe(true);
    expect(await databasesOf(runId)).toEqual([]);
  });

  it('beats while it is there, and a drill whose database was taken away ends', async () => {
    const runId = newDrillId();
    const hold = Promise.withResolvers<undefined>();
    const beats: number[] = [];
    const engine = meddling(async () => {
      await waitUntil(
        async () => {
          const [found] = (await findDrills(uri, noAbort)).filter((drill) => drill.runId === runId);
          if (found !== undefined) beats.push(found.beat);
          return (found?.beat ?? 0) > 2;
        },
        { what: 'beats' },
      );
      for (const name of await databasesOf(runId)) await client.db(name).dropDatabase();
      await hold.promise;
    }, runId);
    const running = failure(drillOf(clinic, { runId, engine, beatMs: 50 }));
    await waitUntil(() => Promise.resolve(beats.some((beat) => beat > 2)), { what: 'beats' });
    await waitUntil(async () => (await databasesOf(runId)).length === 0, { what: 'the loss' });
    hold.resolve(undefined);
    expect((await running).code).toBe('restore/conflict');
  });
});

describe('a run of a drill that lost its claim and wakes late', () => {
  const databases = async () =>
    (await client.db().admin().listDatabases({ nameOnly: true })).databases.map(({ name }) => name);

  /** A run that stops when everything is loaded, until it is let go. */
  async function held(runId: string, fence: number) {
    const [reached, go] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const engine = createNativeLoadEngine();
    const stop = new AbortController();
    const warnings: string[] = [];
    const outcome = drillOf(clinic, {
      ...{ runId, fence, signal: stop.signal, observer: { warning: (text) => void warnings.push(text) } },
      engine: {
        ...engine,
        load: (request, source, signal) => {
          const onFilled = async () => {
            reached.resolve(undefined);
            await go.promise;
            await request.onFilled?.();
          };
          return engine.load({ ...request, onFilled }, source, signal);
        },
      },
    });
    outcome.catch(() => undefined);
    await Promise.race([reached.promise, outcome]);
    const [found] = (await findDrills(uri, noAbort)).filter((drill) => drill.runId === runId && drill.fence === fence);
    return { database: found?.database ?? '', outcome, warnings, stop, go: () => go.resolve(undefined) };
  }

  it.each(['finds its databases gone', 'is told that another has taken over'])(
    '%s: it proves nothing, and leaves alone what its successor made',
    async (how) => {
      const runId = newDrillId();
      const late = await held(runId, 1);
      const successor = await held(runId, 2);
      expect(await databases()).not.toContain(late.database);
      if (how !== 'finds its databases gone')
        late.stop.abort(new AppError({ code: 'run/fenced', stage: 'load', message: 'taken over' }));
      late.go();
      expect((await failure(late.outcome)).code).toBe(
        how === 'finds its databases gone' ? 'restore/conflict' : 'run/fenced',
      );
      expect(await databasesOf(runId)).toEqual([successor.database]);
      successor.go();
      expect((await successor.outcome).outcome).toBe('equal');
      expect(await databasesOf(runId)).toEqual([]);
    },
  );

  it('before it made anything: nothing of its successor is dropped either', async () => {
    const runId = newDrillId();
    const successor = await held(runId, 2);
    expect((await drillOf(clinic, { runId, fence: 1 })).outcome).toBe('equal');
    expect(await databasesOf(runId)).toEqual([successor.database]);
    successor.go();
    expect((await successor.outcome).outcome).toBe('equal');
  });

  it.each([
    ['an insert of its own on its way made anew', '_hazina_tmp_abcdef_0', []],
    ['somebody else made meanwhile', 'patients', [expect.stringMatching(/^left alone, .* hazina_scratch_/)]],
  ])('what %s', async (_what, collection, warned) => {
    const late = await held(newDrillId(), 1);
    await client.db(late.database).dropDatabase();
    await client.db(late.database).collection(collection).insertOne({ a: 1 });
    made.push(late.database);
    late.go();
    expect((await failure(late.outcome)).code).toBe('restore/conflict');
    expect(late.warnings).toEqual(warned);
    expect((await databases()).includes(late.database)).toBe(warned.length > 0);
  });
});

/** As a drill that was killed leaves it. */
async function leftBehind(runId: string): Promise<string> {
  const name = `hazina_scratch_${runId.slice(-6)}_left`;
  made.push(name);
  await client.db(name).collection<{ _id: string }>('_hazina_scratch').insertOne(markOf(runId));
  await client.db(name).collection('patients').insertOne({ a: 1 });
  return name;
}

function markOf(restoreId: string) {
  return { _id: 'marker', restoreId, backupId: 'x', createdAt: new Date(), beat: 0 };
}
