import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { MongoClient, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { createDumpEngines, type DumpRequest } from '#engine';
import { findProgram } from '../services/find-program.js';
import { services, startReplicaSet, uniqueDatabase, type ReplicaSet } from '../services/services.js';
import { buildArchive } from '../support/build-archive.js';
import { loadArchive } from '../support/native-load.js';

// What only a real replica set has: snapshots, transactions, an oplog, and applyOps.

const isThere = services().mongodbKind === 'mongod';
const withTool = isThere && findProgram('mongodump', process.env) !== undefined ? it : it.skip;
const title = isThere ? 'a replica set' : 'a replica set (skipped: no mongod was found)';
const { signal } = new AbortController();

(isThere ? describe : describe.skip)(title, () => {
  let server: ReplicaSet;
  let client: MongoClient;
  let db: string;
  let copy: string;

  beforeAll(async () => {
    server = await startReplicaSet();
    client = await MongoClient.connect(server.uri);
  }, 60_000);
  afterAll(async () => {
    await client.close();
    await server.stop();
  });
  beforeEach(async () => {
    db = uniqueDatabase('moment');
    copy = uniqueDatabase('moment');
    const filler = Array.from({ length: 2_000 }, (_, id) => ({ _id: 1_000 + id, amount: 0, text: 'x'.repeat(1_000) }));
    for (const name of ['left', 'right']) await accounts(name).insertMany([{ _id: 1, amount: 500 }, ...filler]);
  });
  afterEach(async () => {
    await client.db(db).dropDatabase();
    await client.db(copy).dropDatabase();
  });

  const accounts = (name: string, database = db) =>
    client.db(database).collection<{ _id: number; amount: number; text?: string }>(name);
  const request = (changes: Partial<DumpRequest> = {}): DumpRequest => ({
    ...{ uri: new Secret(server.uri), databases: [db], include: [], exclude: [] },
    ...changes,
  });
  /** The sum of both collections stays the same, at every moment. */
  const transfer = () =>
    client.withSession((session) =>
      session.withTransaction(async () => {
        await accounts('left').updateOne({ _id: 1 }, { $inc: { amount: -1 } }, { session });
        await accounts('right').updateOne({ _id: 1 }, { $inc: { amount: 1 } }, { session });
      }),
    );
  const amounts = async (database: string): Promise<number> =>
    ((await accounts('left', database).findOne({ _id: 1 }))?.amount ?? 0) +
    ((await accounts('right', database).findOne({ _id: 1 }))?.amount ?? 0);
  async function dump(engine: 'native' | 'mongodump', asked: DumpRequest) {
    const engines = createDumpEngines({
      version: '1.2.3',
      stallMs: 60_000,
      searchPath: process.env['PATH'] ?? tmpdir(),
    });
    const probe = await engines[engine].probe(asked, signal);
    const { stream, result } = await engines[engine].dump(asked, probe, signal);
    return { archive: await buffer(stream), result: await result };
  }
  async function dumpMeanwhile(engine: 'native' | 'mongodump', asked: DumpRequest) {
    const over = new AbortController();
    const writing = (async () => {
      while (!over.signal.aborted) await transfer();
    })();
    try {
      return await dump(engine, asked);
    } finally {
      over.abort();
      await writing;
    }
  }
  const load = (archive: Buffer, oplogReplay: boolean) =>
    loadArchive(archive, { uri: new Secret(server.uri), rename: [{ from: db, to: copy }], oplogReplay });

  it('is dumped at one moment while it is written', async () => {
    const { archive, result } = await dumpMeanwhile('native', request());
    expect(result.consistency).toMatchObject({ mode: 'snapshot', at: { t: expect.any(Number) as unknown } });
    expect(result.warnings).toEqual([]);
    await load(archive, false);
    expect(await amounts(copy)).toBe(500 + 500);
  });

  it('gives an oplog that is replayed by its own applyOps, under other names', async () => {
    const oplog = client.db('local').collection('oplog.rs');
    const last = async () => (await oplog.find().sort({ $natural: -1 }).limit(1).next())?.['ts'] as unknown;
    const from = await last();
    const { archive } = await dump('native', request());
    await accounts('left').insertOne({ _id: 2, amount: 7 });
    await accounts('left').updateOne({ _id: 1 }, { $set: { text: 'changed', 'in.x': [1, { y: 2 }] } as Document });
    await accounts('left').updateOne({ _id: 1 }, { $push: { 'in.x': 3 } as never, $unset: { text: '' } });
    await accounts('right').deleteMany({ _id: { $gte: 2_000 } });
    await transfer();
    await accounts('late').insertOne({ _id: 1, amount: 1 });
    await accounts('late').createIndex({ amount: 1 });
    await accounts('brief').insertOne({ _id: 1, amount: 1 });
    await accounts('brief').drop();
    const ours = { ts: { $gte: from }, ns: { $in: [new RegExp(`^${db}\\.`), 'admin.$cmd'] } };
    const entries = (await oplog.find(ours as Document, { raw: true }).toArray()) as unknown as Buffer[];
    const report = await load(Buffer.concat([archive, blocksOf(entries)]), true);
    expect(report).toMatchObject({ outcome: 'restored', oplog: { entries: entries.length } });
    for (const name of ['left', 'right', 'late'])
      expect(await accounts(name, copy).find().sort({ _id: 1 }).toArray()).toEqual(
        await accounts(name).find().sort({ _id: 1 }).toArray(),
      );
    const names = (await client.db(copy).listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    expect(names.sort()).toEqual(['late', 'left', 'right']);
    expect(await accounts('late', copy).indexes()).toHaveLength(2);
  });

  withTool('is dumped with its oplog by mongodump, and restored to one moment', async () => {
    const { archive, result } = await dumpMeanwhile('mongodump', request({ databases: [], oplog: true }));
    expect(result.consistency).toEqual({ mode: 'oplog', at: null });
    await load(archive, true);
    expect(await amounts(copy)).toBe(500 + 500);
  });
});

/** The last blocks of an archive, as mongodump appends them. */
function blocksOf(entries: readonly Buffer[]): Buffer {
  const archive = buildArchive([{ db: '', collection: 'oplog', unlisted: true, documents: entries }]);
  const magic = 4;
  return archive.subarray(magic + archive.readInt32LE(magic) + 4);
}
