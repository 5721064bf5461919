import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient, MongoServerError, type Db, type Document } from 'mongodb';
import { createNativeLoadEngine, type LoadRequest, type NativeLoadOptions } from '#engine';
import { uniqueDatabase } from '../services/unique-names.js';
import { buildArchive, type ArchiveNamespaceInput } from '../support/build-archive.js';
import { contentsOf, loadArchive, loadRequest, testUri } from '../support/native-load.js';

// Users and roles. The test server has no command to merge them: where a test needs one it is answered by a double, which looks at what a server would find.

let client: MongoClient;
let db: string;
beforeAll(async () => {
  client = await MongoClient.connect(testUri());
});
afterAll(() => client.close());
beforeEach(() => {
  db = uniqueDatabase('users');
});
afterEach(() => client.db(db).dropDatabase());

const user = (of: string, name: string) => ({
  ...{ _id: `${of}.${name}`, user: name, db: of, roles: [{ role: 'readWrite', db: of }] },
  credentials: { 'SCRAM-SHA-256': { iterationCount: 15000, salt: 'c2FsdA==', storedKey: 'a', serverKey: 'b' } },
});
const role = (of: string, name: string) => ({ _id: `${of}.${name}`, role: name, db: of, privileges: [], roles: [] });
const data = (): ArchiveNamespaceInput => ({ db, collection: 'people', documents: [{ _id: 1 }, { _id: 2 }] });
const ofServer = (schema = 5): ArchiveNamespaceInput[] => [
  { db: 'admin', collection: 'system.users', documents: [user(db, 'ann'), user('other', 'bob')], metadata: '' },
  { db: 'admin', collection: 'system.roles', documents: [role('other', 'reader')], metadata: '' },
  ...[{ db: 'admin', collection: 'system.version', documents: [{ _id: 'authSchema', currentVersion: schema }] }],
];
/** As mongodump writes them for one database. */
const ofDatabase = (): ArchiveNamespaceInput[] => [
  { db, collection: '$admin.system.users', documents: [user(db, 'ann')], unlisted: true },
  { db, collection: '$admin.system.roles', documents: [role(db, 'reader')], unlisted: true },
];

interface Merge {
  readonly command: Document;
  readonly users: unknown[];
  readonly roles: unknown[];
  readonly collections: readonly string[];
}

/** A target with the command; `answer` may throw what a server answers. Probes, which name no collection, are not among the merges. */
function merging(merges: Merge[], answer: (command: Document) => void = () => undefined): NativeLoadOptions {
  return {
    connect: async (uri) => {
      const real = await MongoClient.connect(uri.reveal());
      const open = real.db.bind(real);
      const find = async (name: string): Promise<Document[]> => {
        const [of = '', ...rest] = name.split('.');
        return open(of).collection(rest.join('.')).find().sort({ _id: 1 }).toArray();
      };
      real.db = (name?: string, options?: Parameters<typeof open>[1]): Db => {
        const found = open(name, options);
        const send = found.command.bind(found);
        found.command = async (command: Document, ...more: [object?]): Promise<Document> => {
          if (!('_mergeAuthzCollections' in command)) return send(command, ...more);
          answer(command);
          const { tempUsersCollection: users, tempRolesCollection: roles } = command;
          if (users === '') throw new MongoServerError({ message: 'Must provide at least one', code: 2 });
          const [of = ''] = String(users).split('.');
          const collections = await open(of).listCollections({}, { nameOnly: true }).toArray();
          merges.push({
            command,
            users: (await find(String(users))).map(({ _id }) => String(_id)),
            roles: (await find(String(roles))).map(({ _id }) => String(_id)),
            collections: collections.map(({ name: one }) => one),
          });
          return { ok: 1 };
        };
        return found;
      };
      return real;
    },
  };
}
const load = (namespaces: ArchiveNamespaceInput[], options: NativeLoadOptions, changes: Partial<LoadRequest> = {}) =>
  loadArchive(buildArchive(namespaces), { usersAndRoles: true, ...changes }, options);
const refusal = (code: number) => (): never => {
  throw new MongoServerError({ message: 'refused', code });
};

describe('users and roles of a whole server', () => {
  it('are merged by the server when everything is loaded, before a name changes; nothing of them stays', async () => {
    const merges: Merge[] = [];
    const report = await load([...ofServer(), data()], merging(merges));
    expect(report.usersAndRoles).toEqual({ users: 2, roles: 1 });
    expect(report.outcome).toBe('restored');
    expect(merges).toHaveLength(1);
    const [merge] = merges;
    expect(merge).toMatchObject({ users: [`${db}.ann`, 'other.bob'].sort(), roles: ['other.reader'] });
    expect(merge?.command).toMatchObject({ db: '', drop: false, writeConcern: { w: 'majority' } });
    expect(merge?.collections).not.toContain('people');
    expect(await contentsOf(client, db)).toEqual(['people (2, 1)']);
  });

  it('of chosen databases only', async () => {
    const merges: Merge[] = [];
    const report = await load([...ofServer(), data()], merging(merges), { databases: [db] });
    expect(report.usersAndRoles).toEqual({ users: 1, roles: 0 });
    expect(merges.map(({ users, roles }) => ({ users, roles }))).toEqual([{ users: [`${db}.ann`], roles: [] }]);
  });

  it('stay where they are when nobody asks for them', async () => {
    const merges: Merge[] = [];
    const report = await load([...ofServer(), data()], merging(merges), { usersAndRoles: false });
    expect([merges, report.usersAndRoles]).toEqual([[], undefined]);
  });
});

it('users and roles of one database, as mongodump --dumpDbUsersAndRoles writes them', async () => {
  const merges: Merge[] = [];
  await load([...ofDatabase(), data()], merging(merges));
  expect(merges).toMatchObject([{ users: [`${db}.ann`], roles: [`${db}.reader`] }]);
  expect(await contentsOf(client, db)).toEqual(['people (2, 1)']);
});

describe('refused before anything is written', () => {
  it.each<[string, NativeLoadOptions, Partial<LoadRequest>, string]>([
    ['by a server without the command', {}, {}, 'target/unsupported'],
    ['by one that does not let this user', merging([], refusal(13)), {}, 'target/refused'],
    ['with a pattern', merging([]), { include: ['*.people'] }, 'cli/bad-arguments'],
    ['with a rename', merging([]), { rename: [{ from: 'a', to: 'b' }] }, 'cli/bad-arguments'],
  ])('%s', async (_what, options, changes, code) => {
    const named = changes.rename === undefined ? changes : { rename: [{ from: db, to: `${db}_b` }] };
    await expect(load([...ofServer(), data()], options, named)).rejects.toMatchObject({ code });
    expect(await contentsOf(client, db)).toEqual([]);
  });

  it('by the dry run, which knows besides what the backup holds', async () => {
    const contents = { namespaces: [{ db, collection: 'people', type: 'collection' as const, documents: 2 }] };
    const plan = (held: number, options: NativeLoadOptions) =>
      createNativeLoadEngine(options).plan(
        loadRequest({ usersAndRoles: true }),
        { ...contents, usersAndRoles: held },
        new AbortController().signal,
      );
    await expect(plan(3, {})).rejects.toMatchObject({ code: 'target/unsupported' });
    await expect(plan(0, merging([]))).rejects.toMatchObject({ code: 'cli/bad-arguments' });
    expect((await plan(3, merging([]))).notes.join()).toMatch(/3 users and roles are merged/);
  });
});

describe('leaves the target as it was', () => {
  it.each<[string, () => ArchiveNamespaceInput[], NativeLoadOptions, string]>([
    ['when the archive holds neither', () => [data()], merging([]), 'restore/failed'],
    ['when they are in another form', () => [...ofServer(3), data()], merging([]), 'target/unsupported'],
    [
      'when the server refuses them',
      () => [...ofServer(), data()],
      merging([], ({ tempUsersCollection }) => {
        if (tempUsersCollection !== '') refusal(72)();
      }),
      'restore/failed',
    ],
  ])('%s', async (_what, namespaces, options, code) => {
    await expect(load(namespaces(), options)).rejects.toMatchObject({ code });
    expect(await contentsOf(client, db)).toEqual([]);
  });
});
