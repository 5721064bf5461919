import { afterEach, describe, expect, it } from '@jest/globals';
import { BSON, type Document } from 'mongodb';
import {
  closeFakes,
  failure,
  finds,
  orders,
  people,
  refuse,
  shape,
  startFakeDump,
} from '../../../../../test/support/fake-dump.js';
import type { FakeCollection, FakeMongodOptions } from '../../../../../test/support/fake-mongod.js';

// What the server of the integration tests cannot show: topologies, kinds of collections and rights of a real MongoDB.

const replicaSet = { setName: 'rs0', primary: 'x', hosts: ['x'], setVersion: 1 };
afterEach(closeFakes);

describe('what is dumped', () => {
  it('all databases but the server’s own, with the metadata of each collection, and users before all else', async () => {
    const uuid = new BSON.UUID();
    const { dump, probe, server } = await startFakeDump({
      collections: [
        {
          ...people,
          uuid,
          options: { collation: { locale: 'de' } },
          indexes: [{ v: 2, key: { '10': 1, a: -1 }, name: 'x' }],
        },
        { db: 'shop', name: 'system.profile' },
        { db: 'shop', name: 'system.js', batches: [[{ _id: 'f' }]] },
        { db: 'admin', name: 'system.users', batches: [[{ _id: 'u' }]] },
        { db: 'admin', name: 'system.version', batches: [[{ _id: 'authSchema' }]] },
        { db: 'admin', name: 'system.keys' },
        { db: 'admin', name: 'settings' },
        { db: 'config', name: 'shards' },
        { db: 'config', name: 'transactions' },
        { db: 'local', name: 'oplog.rs' },
        { db: '__mdb_internal_x', name: 'y' },
      ],
    });
    expect((await probe()).databases).toEqual(['admin', 'config', 'shop']);
    const { archive } = await dump();
    expect(shape(archive)).toEqual([
      'admin.settings: 0',
      'admin.system.users: 1',
      'admin.system.version: 1',
      'config.shards: 0',
      'shop.people: 3',
      'shop.system.js: 1',
    ]);
    expect(
      finds(server)
        .map((find) => String(find['find']))
        .slice(0, 2),
    ).toEqual(['system.users', 'system.version']);
    const listed = archive.namespaces.find(({ collection }) => collection === 'people');
    expect(listed?.metadata).toBe(
      `{"options":{"collation":{"locale":"de"}},"indexes":[{"v":{"$numberInt":"2"},"key":{"10":{"$numberInt":"1"},"a":{"$numberInt":"-1"}},"name":"x"}],"uuid":"${uuid.toHexString(false)}","collectionName":"people","type":"collection"}`,
    );
    expect(archive.namespaces.find(({ collection }) => collection === 'system.users')?.metadata).toBe('');
  });

  it('views without documents, time series under their buckets', async () => {
    const collections: FakeCollection[] = [
      { db: 'shop', name: 'adults', type: 'view', options: { viewOn: 'people', pipeline: [] } },
      {
        db: 'shop',
        name: 'weather',
        type: 'timeseries',
        options: { timeseries: { timeField: 't' } },
        batches: [[{ _id: 9 }]],
      },
      { db: 'shop', name: 'system.buckets.weather', batches: [[{ _id: 1 }, { _id: 2 }]] },
    ];
    const { dump, server } = await startFakeDump({ version: '8.2.0', collections });
    const { archive } = await dump();
    expect(archive.namespaces).toMatchObject([
      { collection: 'adults', type: 'view', documents: 0 },
      { collection: expect.stringContaining('weather') as unknown, type: 'timeseries', documents: 2 },
    ]);
    expect(finds(server)).toMatchObject([{ find: 'system.buckets.weather' }]);
    expect(finds(server)[0]).not.toHaveProperty('rawData');
  });

  it('time series under their own name from 8.3 on', async () => {
    const weather: FakeCollection = { db: 'shop', name: 'weather', type: 'timeseries', batches: [[{ _id: 9 }]] };
    const { dump, server } = await startFakeDump({ version: '8.3.1', collections: [weather] });
    expect(shape((await dump()).archive)).toEqual(['shop.weather: 1']);
    expect(finds(server)).toMatchObject([{ find: 'weather', rawData: true }]);
  });

  it('not the catalogue, nor what a restore has lying about', async () => {
    const { dump, probe } = await startFakeDump({
      collections: [
        people,
        { db: 'hazina', name: '_hazina_catalog', batches: [[{ _id: 'catalogue' }]] },
        { db: 'hazina', name: 'backups' },
        {
          db: 'shop',
          name: '_hazina_restore',
          batches: [[{ _id: 'plan', entries: [{ temporary: '_hazina_tmp_abc_1', old: '_hazina_old_abc_1' }] }]],
        },
        { db: 'shop', name: '_hazina_tmp_abc_1', batches: [[{ _id: 1 }]] },
        { db: 'shop', name: '_hazina_old_abc_1', batches: [[{ _id: 1 }]] },
      ],
    });
    const { archive, result } = await dump();
    expect(shape(archive)).toEqual(['shop._hazina_old_abc_1: 1', 'shop.people: 3']);
    expect(result.warnings).toEqual([
      expect.stringMatching(/^hazina was left out/),
      expect.stringMatching(/^shop: a restore/),
    ]);
    expect(await failure(probe({ databases: ['hazina'] }))).toMatchObject({ code: 'source/unknown-collection' });
  });

  it('a server with nothing on it: an archive of nothing, and a warning', async () => {
    const { dump } = await startFakeDump({
      collections: [
        { db: 'local', name: 'startup_log' },
        { db: 'admin', name: 'system.keys' },
      ],
    });
    const { archive, result } = await dump();
    expect(archive.namespaces).toEqual([]);
    expect(result.warnings).toEqual([expect.stringMatching(/^empty: /)]);
  });

  it.each([
    [{ include: ['shop.peple'] }, 'source/unknown-collection', /shop\.peple/],
    [{ include: ['shop.people', 'sop'] }, 'source/unknown-collection', /sop/],
    [{ exclude: ['*.*'] }, 'source/unknown-collection', /leave nothing/],
    [{ databases: ['Shop'] }, 'source/unknown-database', /"Shop"; it has shop/],
  ] as const)('%j is refused', async (request, code, message) => {
    const { probe } = await startFakeDump({ collections: [people, orders] });
    const error = await failure(probe(request));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it.each([
    [{}, 3000],
    [{ include: ['*.x', 'shop.orders'] }, 3 * 1000],
    [{ exclude: ['*.x'] }, 2 * 1000],
    [{ databases: ['shop'] }, 1000],
  ])('the estimate of %j', async (request, bytes) => {
    const others = ['one', 'two'].map((db) => ({ db, name: 'x' }));
    const { probe } = await startFakeDump({ collections: [people, orders, ...others] });
    expect((await probe(request)).estimatedBytes).toBe(bytes);
  });

  it('a server that gives no statistics: no estimate', async () => {
    const answer = (sent: Document) => ('dbStats' in sent || 'collStats' in sent ? refuse(13) : undefined);
    const { probe, dump } = await startFakeDump({ collections: [people], answer });
    expect((await probe()).estimatedBytes).toBeNull();
    expect((await probe({ include: ['shop'] })).estimatedBytes).toBeNull();
    expect(shape((await dump()).archive)).toEqual(['shop.people: 3']);
  });

  it('patterns choose', async () => {
    const { dump } = await startFakeDump({ collections: [people, orders, { db: 'other', name: 'x' }] });
    expect(shape((await dump({ include: ['shop.*'], exclude: ['*.orders'] })).archive)).toEqual(['shop.people: 3']);
  });

  it('without the right to read users or admin: a warning, not a failure', async () => {
    const users: FakeCollection = { db: 'admin', name: 'system.users' };
    const unread = await startFakeDump({
      collections: [people, users],
      answer: (sent) => (sent['find'] === 'system.users' ? refuse(13) : undefined),
    });
    expect((await unread.dump()).result.warnings).toEqual([expect.stringMatching(/admin\.system\.users is not in/)]);
    const unlisted = await startFakeDump({
      collections: [people, users],
      answer: (sent) => ('listCollections' in sent && sent['$db'] === 'admin' ? refuse(13) : undefined),
    });
    const { archive, result } = await unlisted.dump();
    expect(shape(archive)).toEqual(['shop.people: 3']);
    expect(result.warnings).toEqual([expect.stringMatching(/admin was left out/)]);
  });
});

describe('one moment', () => {
  it('every collection of a replica set is read at the same cluster time', async () => {
    const { dump, server } = await startFakeDump({ hello: replicaSet, collections: [people, orders] });
    const { result } = await dump();
    expect(result).toEqual({ consistency: { mode: 'snapshot', at: { t: 1_700_000_000, i: 7 } }, warnings: [] });
    const readConcern = { level: 'snapshot', atClusterTime: new BSON.Timestamp({ t: 1_700_000_000, i: 7 }) };
    expect(finds(server)).toMatchObject([{ readConcern }, { readConcern }]);
  });

  it('a standalone server has none', async () => {
    const { dump, server } = await startFakeDump({ collections: [people] });
    expect((await dump()).result.consistency).toEqual({ mode: 'none', at: null });
    expect(finds(server)[0]?.['readConcern']).toBeUndefined();
  });

  it.each([
    ['refused altogether', (sent: Document) => ('readConcern' in sent ? refuse(246) : undefined), /refuses snapshots/],
    [
      'refused for one collection',
      (sent: Document) =>
        sent['find'] === 'people' && 'readConcern' in sent && sent['limit'] !== 1 ? refuse(239) : undefined,
      /no snapshot of shop\.people/,
    ],
    [
      'too much to read in time',
      (sent: Document) => ('collStats' in sent ? { size: 1e13 } : undefined),
      /longer than the 300 s/,
    ],
  ])('%s: all is read, and the record says that it is not of one moment', async (_what, answer, warning) => {
    const { dump } = await startFakeDump({ hello: replicaSet, collections: [people, orders], answer });
    const { archive, result } = await dump();
    expect(shape(archive)).toEqual(['shop.orders: 1', 'shop.people: 3']);
    expect(result.consistency).toEqual({ mode: 'none', at: null });
    expect(result.warnings).toEqual([expect.stringMatching(warning)]);
  });
});

/** As much in all as the server's tables say of each collection. */
const ofSize = (size: number) => ({
  ...{ hello: replicaSet, collections: [people, orders] },
  answer: (sent: Document) => ('collStats' in sent ? { size } : undefined),
});

it('a dump that a throttle slows down asks for no snapshot that would be too old before the end', async () => {
  // 300 s at 20 MB/s is more than both; at 5 MB/s it is less.
  const { dump, server } = await startFakeDump(ofSize(1e9));
  expect((await dump()).result.consistency.mode).toBe('snapshot');
  expect((await dump({ bytesPerSecond: 50_000_000 })).result.consistency.mode).toBe('snapshot');
  const before = finds(server).length;
  const { result } = await dump({ bytesPerSecond: 5_000_000 });
  expect(result).toEqual({
    consistency: { mode: 'none', at: null },
    warnings: [expect.stringMatching(/longer than the 300 s/)],
  });
  expect(
    finds(server)
      .slice(before)
      .map(({ readConcern }) => readConcern as unknown),
  ).toEqual([undefined, undefined]);
});

it('a dump that is told so reads without a snapshot, and says so', async () => {
  const { dump } = await startFakeDump(ofSize(1));
  const { result } = await dump({ snapshot: false });
  expect(result.consistency.mode).toBe('none');
  expect(result.warnings).toEqual([expect.stringMatching(/not of one moment: in the attempt before/)]);
});

describe('an oplog, which mongodump is to dump', () => {
  const log: FakeCollection = { db: 'local', name: 'oplog.rs', batches: [[{ _id: 1 }]] };
  const look = async (fake: Partial<FakeMongodOptions>) =>
    (await startFakeDump({ hello: replicaSet, collections: [people, log], ...fake })).probe({ oplog: true });

  it('is there: the look tells nothing else than without', async () => {
    expect(await look({})).toMatchObject({ databases: ['shop'], server: { topology: 'replica-set' } });
  });

  it.each<[string, Partial<FakeMongodOptions>, string, RegExp]>([
    ['a server of its own', { hello: {} }, 'engine/unsupported', /needs a replica set; this is a server of its own/],
    ['a sharded cluster', { hello: { msg: 'isdbgrid' } }, 'engine/unsupported', /sharded cluster/],
    ['one that is empty', { collections: [people] }, 'engine/unsupported', /keeps no oplog/],
    [
      'one that may not be read',
      { answer: (sent) => (sent['find'] === 'oplog.rs' ? refuse(13) : undefined) },
      'source/refused',
      /may not read the oplog/,
    ],
  ])('is refused of %s', async (_what, fake, code, message) => {
    const error = await failure(look(fake));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown });
  });

  it('is none of the native engine', async () => {
    const { dump } = await startFakeDump({ hello: replicaSet, collections: [people, log] });
    expect(await failure(dump({ oplog: true }))).toMatchObject({ code: 'engine/unsupported' });
  });
});

it('natural order is not insisted on', async () => {
  const { dump, server } = await startFakeDump({
    collections: [people],
    answer: (sent) => ('find' in sent && 'hint' in sent ? refuse(2) : undefined),
  });
  expect(shape((await dump()).archive)).toEqual(['shop.people: 3']);
  expect(finds(server).map((find) => 'hint' in find)).toEqual([true, false]);
});
