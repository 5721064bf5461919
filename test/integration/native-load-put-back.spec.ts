/** @jest-environment <rootDir>/test/support/fault-environment.ts */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { putBackRestore } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { testUri } from '../support/native-load.js';

// What a restore that was killed left in a target is put back by what stands in the target alone.

const lease = { leaseMs: 300, beatMs: 50 };
let client: MongoClient;
let db: string;
let second: string;
let askedAs: string;

beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('left_a');
  second = uniqueDatabase('left_b');
  askedAs = uniqueDatabase('restore');
});
afterEach(async () => {
  await client.db(db).dropDatabase();
  await client.db(second).dropDatabase();
});

const temporary = (n: number) => `_hazina_tmp_abcdef_${n}`;

/** As a load leaves it that was killed: plans, temporaries with documents in them, and data of somebody else beside them. */
async function leave(changes: Document = {}): Promise<void> {
  const plan = {
    ...{ restoreId: 'abcdef0123456789', backupId: 'b', askedAs, digest: 'd', mode: 'into-empty' },
    ...{ databases: [db, second], phase: 'loading', fence: 1, beat: 3, released: false, ...changes },
  };
  for (const [n, name] of [db, second].entries()) {
    const entry = { from: 'x.notes', db: name, final: 'notes', old: '_hazina_old_abcdef_0', probe: null };
    const entries = [{ ...entry, temporary: temporary(n), kind: 'collection', placement: 'rename' }];
    await client
      .db(name)
      .collection('_hazina_restore')
      .insertOne({ _id: 'plan' as never, ...plan, entries });
    await client.db(name).collection(temporary(n)).insertOne({ a: 1 });
    await client.db(name).collection('people').insertOne({ a: 1 });
  }
}

const putBack = (id = askedAs) =>
  putBackRestore(new Secret(testUri()), id, { lease, signal: AbortSignal.timeout(20_000) });
const namesIn = async (name: string): Promise<string[]> =>
  (await client.db(name).listCollections({}, { nameOnly: true }).toArray()).map((found) => found.name).sort();
const all = async () => [await namesIn(db), await namesIn(second)];
const asLeft = () => [0, 1].map((n) => ['_hazina_restore', temporary(n), 'people']);

describe('F41 what a killed restore left', () => {
  it.each([[{}], [{ phase: 'dropping' }], [{ released: true }]])('%j: goes, and nothing else', async (changes) => {
    await leave(changes);
    expect(await putBack()).toBe('clear');
    expect(await all()).toEqual([['people'], ['people']]);
    expect(await putBack()).toBe('clear');
  });

  it('goes when the plan that led is gone already', async () => {
    await leave();
    await client.db(db).collection('_hazina_restore').drop();
    await client.db(db).collection(temporary(0)).drop();
    expect(await putBack()).toBe('clear');
    expect(await all()).toEqual([['people'], ['people']]);
  });

  it('goes when its run was killed after its plan went, and before the collection that held it', async () => {
    await leave();
    for (const [n, name] of [db, second].entries()) {
      await client.db(name).collection('_hazina_restore').deleteMany({});
      await client.db(name).collection(temporary(n)).drop();
    }
    expect(await putBack()).toBe('clear');
    expect(await all()).toEqual([['people'], ['people']]);
    // Another one that is just made has its plan a moment later.
    const plans = client.db(db).collection('_hazina_restore');
    await plans.insertOne({ a: 1 });
    await plans.deleteMany({});
    const going = putBackRestore(new Secret(testUri()), askedAs, {
      ...{ lease: { leaseMs: 2_000, beatMs: 1_000 }, signal: AbortSignal.timeout(20_000) },
    });
    await plans.insertOne({ _id: 'plan' as never, askedAs: 'another', restoreId: 'x', databases: [db] });
    expect(await going).toBe('clear');
    expect(await plans.countDocuments()).toBe(1);
  });

  it('stays when another restore left it, or one that nobody asked for by a name', async () => {
    await leave();
    expect(await putBack('another')).toBe('clear');
    expect(await all()).toEqual(asLeft());
    await client
      .db(db)
      .collection('_hazina_restore')
      .updateMany({}, { $unset: { askedAs: 1 } });
    await client
      .db(second)
      .collection('_hazina_restore')
      .updateMany({}, { $unset: { askedAs: 1 } });
    expect(await putBack()).toBe('clear');
    expect(await all()).toEqual(asLeft());
  });

  it('stays among its renames: those only go forward', async () => {
    await leave({ phase: 'renaming' });
    expect(await putBack()).toBe('renaming');
    expect(await all()).toEqual(asLeft());
  });

  it('stays while its run is alive', async () => {
    await leave();
    const over = new AbortController();
    const beating = (async () => {
      while (!over.signal.aborted)
        await client
          .db(db)
          .collection('_hazina_restore')
          .updateOne({}, { $inc: { beat: 1 } });
    })();
    await expect(putBack()).rejects.toMatchObject({ code: 'restore/busy', retry: 'retry' });
    over.abort();
    await beating;
    expect(await all()).toEqual(asLeft());
  });
});
