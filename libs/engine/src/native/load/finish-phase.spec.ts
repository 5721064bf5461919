import { describe, expect, it } from '@jest/globals';
import { BSON, type Db, type Document, type MongoClient } from 'mongodb';
import { finishAll } from './finish-phase.js';
import { toBinary } from './load-entry.js';
import type { OwnedPlan } from './plan-store.js';
import type { PlanEntry } from './plan-types.js';
import { decodeToMap } from './raw-bson.js';

// Views, which the test server has not: the commands against a database that answers as MongoDB does.

const binary = (document: Document) => toBinary(decodeToMap(BSON.serialize(document)));
const base = (final: string): Pick<PlanEntry, 'from' | 'db' | 'final' | 'temporary' | 'old' | 'probe'> => ({
  ...{ from: `db.${final}`, db: 'db', final, temporary: '_hazina_tmp_abcdef_0', old: '_hazina_old_abcdef_0' },
  probe: null,
});
const entries: PlanEntry[] = [
  {
    ...base('recent'),
    kind: 'view',
    placement: 'create',
    options: binary({ create: 'recent', viewOn: 'visits', pipeline: [] }),
  },
  {
    ...base('visits'),
    kind: 'collection',
    placement: 'rename',
    lateIndexes: [binary({ v: 2, key: { at: 1 }, name: 'at_1', expireAfterSeconds: 60 })],
  },
];

function server(steps: string[]) {
  const collections = new Map([['visits', 'collection']]);
  const rows = (documents: Document[]) => ({
    async *[Symbol.asyncIterator]() {
      yield* await Promise.resolve(documents.map((document) => BSON.serialize(document)));
    },
  });
  const command = (body: Document): Promise<Document> => {
    steps.push(Object.keys(body)[0] ?? '');
    if (body['create'] !== undefined) collections.set(String(body['create']), 'view');
    return Promise.resolve({ ok: 1 });
  };
  const db = {
    command,
    listCollections: () => rows([...collections].map(([name, type]) => ({ name, type, options: {}, info: {} }))),
    collection: () => ({ listIndexes: () => rows([]), findOne: () => Promise.resolve(null) }),
  } as unknown as Db;
  return { db: () => db } as unknown as MongoClient;
}

describe('after the renames', () => {
  it('what is looked at when everything is filled finds the views, and no index yet that removes documents', async () => {
    const steps: string[] = [];
    const plan = {
      draft: { mode: 'into-empty' },
      allEntries: () => entries,
      assertOwned: () => Promise.resolve(),
    } as unknown as OwnedPlan;
    await finishAll(server(steps), plan, { rawData: false, keepsEmptyTimestamps: true }, () => {
      steps.push('look');
      return Promise.resolve();
    });
    expect(steps).toEqual(['create', 'look', 'createIndexes']);
  });
});
