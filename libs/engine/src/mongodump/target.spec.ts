import { afterEach, describe, expect, it } from '@jest/globals';
import { BSON } from 'mongodb';
import { Secret } from '#contracts';
import { startFakeMongod, type FakeMongod, type FakeMongodOptions } from '../../../../test/support/fake-mongod.js';
import { loadRequestTo } from '../../../../test/support/load-request.js';
import type { ArchiveContents } from '../engine.js';
import { planMongorestore } from './plan-restore.js';
import { readBackTarget } from './read-back.js';
import { chooseEntries } from './restored-entries.js';

// What the mongorestore engine looks at in the target, before and after; the target is a server that says what it is told to.

const open: FakeMongod[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
async function target(options: FakeMongodOptions): Promise<Secret> {
  const server = await startFakeMongod({
    ...options,
    answer: (command) =>
      'aggregate' in command || 'count' in command
        ? { n: 0, cursor: { id: BSON.Long.ZERO, ns: 'a.b', firstBatch: [] } }
        : undefined,
  });
  open.push(server);
  return new Secret(`${server.uri}?directConnection=true`);
}
const { signal } = new AbortController();

describe('the plan', () => {
  const contents: ArchiveContents = {
    namespaces: [
      { db: 'a', collection: 'b', type: 'collection', documents: 3 },
      { db: 'admin', collection: 'system.users', type: 'collection', documents: 1 },
    ],
  };
  const filled = [{ db: 'a', name: 'b', batches: [[{ _id: 1 }]] }];

  it('says what is written and what is not', async () => {
    const uri = await target({ collections: [] });
    const { namespaces, notes } = await planMongorestore(loadRequestTo(uri), contents, signal);
    expect(namespaces).toEqual([
      { from: 'a.b', db: 'a', collection: 'b', type: 'collection', documents: 3, action: 'create' },
    ]);
    expect(notes).toEqual([expect.stringMatching(/admin\.system\.users: not loaded/)]);
  });

  it('takes a sharded cluster, where the native engine cannot rename', async () => {
    const uri = await target({ collections: [], hello: { msg: 'isdbgrid' } });
    await expect(planMongorestore(loadRequestTo(uri), contents, signal)).resolves.toBeDefined();
  });

  it.each([
    ['a secondary', { collections: [], hello: { isWritablePrimary: false } }, {}, 'target/refused'],
    ['what is not empty', { collections: filled }, {}, 'target/not-empty'],
    ['what nobody confirmed', { collections: filled }, { mode: 'replace' }, 'restore/confirmation-needed'],
    ['a selection that fits nothing', { collections: [] }, { databases: ['z'] }, 'cli/bad-arguments'],
  ] as const)('refuses %s', async (_what, options, changes, code) => {
    const uri = await target(options);
    await expect(planMongorestore(loadRequestTo(uri, changes), contents, signal)).rejects.toMatchObject({ code });
  });

  it('replaces what was confirmed, and says what stays', async () => {
    const uri = await target({ collections: [...filled, { db: 'a', name: 'other' }] });
    const request = loadRequestTo(uri, { mode: 'replace', confirm: ['a'] });
    const { namespaces, notes } = await planMongorestore(request, contents, signal);
    expect(namespaces).toMatchObject([{ action: 'replace' }]);
    expect(notes.at(-1)).toMatch(/left alone.*a\.other/);
  });

  it.each([
    ['loading', 'restore/busy'],
    ['renaming', 'restore/unfinished'],
  ])('keeps out of a database where a restore is %s', async (phase, code) => {
    const plan = { _id: 'plan', restoreId: 'r', backupId: 'other', databases: ['a'], phase, entries: [] };
    const uri = await target({ collections: [{ db: 'a', name: '_hazina_restore', batches: [[plan]] }] });
    await expect(planMongorestore(loadRequestTo(uri), contents, signal)).rejects.toMatchObject({ code });
  });
});

describe('reading back', () => {
  const metadata = BSON.EJSON.stringify(
    {
      options: { validator: { a: 1 } },
      indexes: [
        { v: 2, key: { _id: 1 }, name: '_id_' },
        { v: 2, key: { a: 1 }, name: 'a_1', unique: true },
        { v: 2, key: { b: 1 }, name: 'b_1' },
      ],
    },
    { relaxed: false },
  );
  const header = { concurrentCollections: 1, version: '0.1', serverVersion: '7.0.0', toolVersion: 'x' };
  const collections = [
    { db: 'a', collection: 'b', type: 'collection' as const, metadata },
    { db: 'a', collection: 'gone', type: 'collection' as const, metadata: '' },
    { db: 'a', collection: 'seen', type: 'view' as const, metadata: '' },
    { db: 'a', collection: 'series', type: 'timeseries' as const, metadata: '' },
  ];

  it('tells what the server has not kept, and what is not there', async () => {
    const uri = await target({
      collections: [
        {
          db: 'a',
          name: 'b',
          indexes: [
            { v: 2, key: { _id: 1 }, name: '_id_' },
            { v: 2, key: { a: 1 }, name: 'a_1' },
          ],
        },
        { db: 'a', name: 'seen' },
        { db: 'a', name: 'series' },
      ],
    });
    const { entries } = chooseEntries({ ...header, collections }, loadRequestTo(uri));
    const found = await readBackTarget(uri, entries, signal);
    expect(entries.map((entry) => found.get(entry))).toEqual([
      { indexes: 2, notKept: ['validator', 'unique of index a_1', 'index b_1'], missing: [] },
      { indexes: 0, notKept: [], missing: ['the collection itself'] },
      { indexes: 0, notKept: ['the view itself: the server made a collection of it'], missing: [] },
      { indexes: 0, notKept: [], missing: ['the time series itself: the server made a collection of it'] },
    ]);
  });

  it('fails with the errors of the target', async () => {
    const uri = new Secret('mongodb://user:canary@127.0.0.1:1/?serverSelectionTimeoutMS=100');
    await expect(readBackTarget(uri, [], signal)).rejects.toMatchObject({ code: 'target/unreachable' });
  });
});
