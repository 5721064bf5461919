import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, type Collection } from 'mongodb';
import { Secret } from '#contracts';
import { contentDigests, watchChanges, type ChangeVerdict, type ChangeWatcher } from '#engine';
import { watchWrites, type WriteWatch } from '#pipeline';
import { services, startReplicaSet, uniqueDatabase, type ReplicaSet } from '../services/services.js';
import { testUri } from '../support/native-load.js';

// Who notices that somebody writes into what a restore is about to replace: a change stream, or a second reading.

const { signal } = new AbortController();
const replacedIn = (db: string) =>
  [{ from: 'a.people', db, collection: 'people', type: 'collection', documents: 2, action: 'replace' }] as const;

let client: MongoClient;
let people: Collection<{ _id: number; a: number }>;
let db: string;
let watch: WriteWatch | undefined;

async function connectTo(uri: string): Promise<void> {
  client = await MongoClient.connect(uri);
}
beforeEach(async () => {
  db = uniqueDatabase('watched');
  people = client.db(db).collection('people');
  await people.insertMany([
    { _id: 1, a: 1 },
    { _id: 2, a: 1 },
  ]);
});
afterEach(async () => {
  await watch?.close();
  watch = undefined;
  await client.db(db).dropDatabase();
});

const isReplicaSet = services().mongodbKind === 'mongod';
(isReplicaSet ? describe.skip : describe)('on a server without change streams', () => {
  beforeAll(() => connectTo(testUri()));
  afterAll(() => client.close());

  it('says why there is none', async () => {
    expect(await watchChanges(new Secret(testUri()), replacedIn(db), signal)).toEqual({
      none: 'the server refused it (code 115)',
    });
  });

  it('reads twice, and tells that', async () => {
    watch = await watchWrites(new Secret(testUri()), replacedIn(db), signal);
    await watch.check(signal);
    expect(watch.how).toMatch(
      /by reading it twice \(there is no change stream: the server refused it \(code 115\)\); what came during and after the second reading cannot be told/,
    );
    await people.updateOne({ _id: 2 }, { $set: { a: 2 } });
    await expect(watch.check(signal)).rejects.toMatchObject({
      code: 'restore/conflict',
      details: { changed: [`${db}.people`] },
    });
  });

  /** A stream as a replica set would have one, that says this in the end. */
  const streamed = async (verdict: ChangeVerdict): Promise<{ readings: number }> => {
    const seen = { readings: 0 };
    const stream: ChangeWatcher = { verdict: () => Promise.resolve(verdict), close: () => Promise.resolve() };
    watch = await watchWrites(new Secret(testUri()), replacedIn(db), signal, {
      changes: () => Promise.resolve({ watch: stream }),
      digests: (...args) => {
        seen.readings += 1;
        return contentDigests(...args);
      },
    });
    return seen;
  };

  it('a stream that saw nothing is believed, and nothing is read again', async () => {
    const seen = await streamed({ state: 'quiet' });
    await watch?.check(signal);
    expect(seen.readings).toBe(1);
    expect(watch?.how).toMatch(
      /by a change stream until just before the renames; what came in the last moment cannot be told/,
    );
  });

  it('a stream that saw a write ends it', async () => {
    await streamed({ state: 'written', namespaces: [`${db}.people`] });
    await expect(watch?.check(signal)).rejects.toMatchObject({ code: 'restore/conflict' });
  });

  it('a stream that lost its history leaves it to the second reading', async () => {
    const seen = await streamed({ state: 'lost', reason: 'its history was lost (code 286)' });
    await watch?.check(signal);
    expect(seen.readings).toBe(2);
    expect(watch?.how).toMatch(/twice \(the change stream did not last: its history was lost \(code 286\)\)/);
    await people.deleteOne({ _id: 1 });
    await expect(watch?.check(signal)).rejects.toMatchObject({ code: 'restore/conflict' });
  });
});

const title = isReplicaSet ? 'a replica set' : 'a replica set (skipped: no mongod was found)';
(isReplicaSet ? describe : describe.skip)(title, () => {
  let server: ReplicaSet;
  beforeAll(async () => {
    server = await startReplicaSet();
    await connectTo(server.uri);
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  it('is watched by a change stream', async () => {
    watch = await watchWrites(new Secret(server.uri), replacedIn(db), signal);
    await client.db(db).collection('others').insertOne({ a: 1 });
    await watch.check(signal);
    expect(watch.how).toMatch(/by a change stream/);
  });

  it('notices a write that was taken back', async () => {
    watch = await watchWrites(new Secret(server.uri), replacedIn(db), signal);
    await people.updateOne({ _id: 2 }, { $set: { a: 2 } });
    await people.updateOne({ _id: 2 }, { $set: { a: 1 } });
    await expect(watch.check(signal)).rejects.toMatchObject({ code: 'restore/conflict' });
  });
});
