import { describe, expect, it } from '@jest/globals';
import { BSON, type Db, type Document, type MongoClient } from 'mongodb';
import { fillInPlace } from './fill-in-place.js';
import { toBinary } from './load-entry.js';
import type { OwnedPlan } from './plan-store.js';
import type { PlanEntry } from './plan-types.js';
import { decodeToMap } from './raw-bson.js';

// Time series, which the test server has not: the commands against a database that answers as MongoDB does.

const timeseries = { timeField: 'at', granularity: 'hours' };
const buckets = [
  { _id: 1, control: { version: 1 } },
  { _id: 2, control: { version: 2 } },
].map((bucket) => BSON.serialize(bucket));
const entry: PlanEntry = {
  from: 'db.weather',
  db: 'db',
  final: 'weather',
  temporary: '_hazina_tmp_abcdef_0',
  old: '_hazina_old_abcdef_0',
  probe: null,
  kind: 'timeseries',
  placement: 'fill',
  options: toBinary(decodeToMap(BSON.serialize({ create: 'weather', timeseries }))),
  documents: 2,
};

/** A database with the temporary collection and whatever is created; `refuseInserts` answers the first inserts with an error. */
function server(existing: Record<string, string>, refuseInserts = 0) {
  const sent: Document[] = [];
  const collections = new Map(Object.entries({ [entry.temporary]: 'collection', ...existing }));
  let refusals = refuseInserts;
  const command = (body: Document): Promise<Document> => {
    sent.push(body);
    if (body['create'] !== undefined) collections.set(String(body['create']), 'timeseries');
    if (body['drop'] !== undefined) collections.delete(String(body['drop']));
    if (body['insert'] !== undefined && refusals-- > 0)
      return Promise.resolve({
        ok: 1,
        n: 0,
        writeErrors: [0, 1].map((index) => ({ index, code: 408, errmsg: 'mixed schema' })),
      });
    return Promise.resolve({ ok: 1, n: 2 });
  };
  const rows = (documents: Uint8Array[]) => ({
    async *[Symbol.asyncIterator]() {
      yield* await Promise.resolve(documents);
    },
  });
  const db = {
    command,
    listCollections: () =>
      rows(
        [...collections].map(([name, type]) =>
          BSON.serialize({ name, type, options: type === 'timeseries' ? { timeseries } : {}, info: {} }),
        ),
      ),
    collection: () => ({ find: () => rows(buckets) }),
  } as unknown as Db;
  const client = { db: () => db } as unknown as MongoClient;
  const saved: Partial<PlanEntry>[] = [];
  const plan = {
    draft: { mode: 'replace' },
    saveEntry: (_entry: PlanEntry, change: Partial<PlanEntry>) => Promise.resolve(void saved.push(change)),
  } as unknown as OwnedPlan;
  const names = () => sent.map((body) => `${Object.keys(body)[0] ?? ''} ${String(Object.values(body)[0])}`);
  return { client, plan, sent, saved, names };
}

const old = { rawData: false, keepsEmptyTimestamps: true };

describe('a time series', () => {
  it('is made with its options and filled through the collection of its buckets', async () => {
    const { client, plan, sent, saved, names } = server({});
    expect(await fillInPlace(client, plan, entry, old)).toEqual([]);
    expect(names()).toEqual(['create weather', 'insert system.buckets.weather', `drop ${entry.temporary}`]);
    expect(sent[0]).toMatchObject({ writeConcern: { w: 'majority' } });
    expect(BSON.deserialize(BSON.serialize(sent[0] ?? {}))).toMatchObject({ timeseries });
    // The server checks buckets whatever is asked.
    expect(sent[1]).not.toHaveProperty('bypassDocumentValidation');
    expect(saved).toEqual([{ filling: true }]);
  });

  it('takes raw buckets itself from 8.3 on', async () => {
    const { client, plan, sent, names } = server({});
    await fillInPlace(client, plan, entry, { ...old, rawData: true });
    expect(names()).toEqual(['create weather', 'insert weather', `drop ${entry.temporary}`]);
    expect(sent[1]).toMatchObject({ rawData: true });
  });

  it('is told of mixed types when the server asks for it', async () => {
    const { client, plan, names } = server({}, 1);
    await fillInPlace(client, plan, entry, old);
    expect(names()).toEqual([
      'create weather',
      'insert system.buckets.weather',
      'drop weather',
      'create weather',
      'collMod weather',
      'insert system.buckets.weather',
      `drop ${entry.temporary}`,
    ]);
  });

  it('replaces the old one, which cannot be renamed', async () => {
    const { client, plan, names } = server({ weather: 'timeseries' });
    await fillInPlace(client, plan, entry, old);
    expect(names().slice(0, 2)).toEqual(['drop weather', 'create weather']);
  });

  it('begins again after a crash in the middle', async () => {
    const { client, plan, names } = server({ weather: 'timeseries' });
    await fillInPlace(client, plan, { ...entry, filling: true }, old);
    expect(names()).toEqual([
      'drop weather',
      'create weather',
      'insert system.buckets.weather',
      `drop ${entry.temporary}`,
    ]);
  });

  it('is not finished with fewer buckets than were loaded', async () => {
    const { client, plan, names } = server({});
    await expect(fillInPlace(client, plan, { ...entry, documents: 3 }, old)).rejects.toMatchObject({
      code: 'restore/unfinished',
      retry: 'retry',
    });
    expect(names()).not.toContain(`drop ${entry.temporary}`);
  });

  it('keeps an error of the server for who looks after it', async () => {
    const { client, plan } = server({}, 9);
    await expect(fillInPlace(client, plan, entry, old)).rejects.toMatchObject({ details: { serverCode: 408 } });
  });
});
