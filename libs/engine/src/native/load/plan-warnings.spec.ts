import { afterEach, describe, expect, it } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { Secret } from '#contracts';
import { startFakeMongod, type FakeMongod } from '../../../../../test/support/fake-mongod.js';
import { loadRequestTo } from '../../../../../test/support/load-request.js';
import type { ArchiveContents } from '../../engine.js';
import { planWarnings } from './plan-warnings.js';
import { lookForMeans } from './target-means.js';

// What the test server does not tell: versions, rights, room on the disk.

let server: FakeMongod | undefined;
let client: MongoClient | undefined;
afterEach(async () => {
  await client?.close();
  await server?.close();
});

const source = { db: 'clinic', collection: 'patients', type: 'collection', documents: 5, bytes: 5 << 20 } as const;
const entries = [{ source, db: 'copy', collection: 'patients', kind: 'collection' }] as const;
async function warnings(
  answers: {
    readonly auth?: Document;
    readonly stats?: Document;
    readonly version?: string;
    readonly databases?: string[];
  },
  contents: Partial<ArchiveContents> = {},
): Promise<string[]> {
  server = await startFakeMongod({
    version: answers.version ?? '7.0.5',
    collections: [],
    answer: (command) =>
      'connectionStatus' in command
        ? { authInfo: answers.auth ?? { authenticatedUsers: [] } }
        : 'dbStats' in command
          ? (answers.stats ?? { ok: 0, code: 59, errmsg: 'no such command' })
          : undefined,
  });
  client = await MongoClient.connect(server.uri);
  const request = loadRequestTo(new Secret(server.uri), { databases: answers.databases ?? [] });
  const held = { namespaces: [source], serverVersion: '7.0.1', ...contents };
  return planWarnings(client, held, request, await lookForMeans(client, entries, held));
}
const login = (...privileges: Document[]) => ({
  authenticatedUsers: [{ user: 'restorer', db: 'admin' }],
  authenticatedUserRoles: [],
  authenticatedUserPrivileges: privileges,
});
const all = [
  ...['find', 'insert', 'remove', 'update', 'createCollection', 'createIndex', 'dropCollection', 'collMod'],
  ...['bypassDocumentValidation', 'listCollections', 'listIndexes', 'renameCollectionSameDB'],
];

describe('a plan warns', () => {
  it('of nothing when there is nothing to say, or nobody tells', async () => {
    expect(await warnings({})).toEqual([]);
  });

  it.each([
    ['an older target', '6.0.9', /of a server 7\.0\.1, the target is 6\.0\.9: an older one may refuse/],
    [
      'a newer target',
      '8.0.0',
      /of a server 7\.0\.1, the target is 8\.0\.0: options and indexes that it does not take/,
    ],
  ])('of %s', async (_what, version, text) => {
    expect(await warnings({ version })).toEqual([expect.stringMatching(text)]);
  });

  it('of no version that it cannot read', async () => {
    expect(await warnings({ version: '6.0.9' }, { serverVersion: 'unknown' })).toEqual([]);
  });

  it('of rights that are lacking in the database that is written', async () => {
    const elsewhere = { resource: { db: 'clinic', collection: '' }, actions: all };
    const some = { resource: { db: 'copy', collection: '' }, actions: ['find', 'listCollections', 'listIndexes'] };
    const one = { resource: { db: 'copy', collection: 'patients' }, actions: all };
    expect(await warnings({ auth: login(elsewhere, some, one) })).toEqual([
      'restorer@admin may lack rights in copy: insert, remove, update, createCollection, createIndex and 4 more; the roles readWrite and dbAdmin there are enough',
    ]);
  });

  it.each([
    ['the database', { db: 'copy', collection: '' }],
    ['every database', { db: '', collection: '' }],
    ['everything', { anyResource: true }],
  ])('of none when they hold for %s', async (_what, resource) => {
    expect(await warnings({ auth: login({ resource, actions: all }) })).toEqual([]);
    await client?.close();
    await server?.close();
    expect(await warnings({ auth: login({ resource, actions: ['anyAction'] }) })).toEqual([]);
  });

  it('of an oplog that a part cannot have', async () => {
    const [warning, ...others] = await warnings({ databases: ['clinic'] }, { oplog: 7 });
    expect(warning).toMatch(/only a part is restored.*as it was when it was read/);
    expect(others).toEqual([]);
    await client?.close();
    await server?.close();
    expect(await warnings({ databases: ['clinic'] }, { oplog: 0 })).toEqual([]);
  });

  it('of a disk that is too small, and not of one that is not', async () => {
    const tight = { fsTotalSize: 100 << 20, fsUsedSize: 96 << 20 };
    expect(await warnings({ stats: tight })).toEqual([
      'the documents take 5 MiB before the server compresses them, beside what they replace; its disk has 4 MiB free',
    ]);
    await client?.close();
    await server?.close();
    expect(await warnings({ stats: { fsTotalSize: 1000 << 20, fsUsedSize: 96 << 20 } })).toEqual([]);
  });
});
