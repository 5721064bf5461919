import { MongoServerError, type MongoClient } from 'mongodb';
import { readLogin, type Privilege } from '../../examine/read-login.js';
import type { ArchiveContents, TargetMeans, TargetRights, TargetRoom } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { databasesOf, listNames } from './names.js';

/** Without these no restore gets anywhere: there may be no index to make, and a rename is allowed by other rights too, or not needed. */
const core = ['find', 'insert', 'createCollection', 'listCollections'];
/** What a restore needs to be allowed in every database that it writes (docs/DESIGN.md: `readWrite` and `dbAdmin`). */
const needed = [
  ...['find', 'insert', 'remove', 'update', 'createCollection', 'createIndex', 'dropCollection', 'collMod'],
  'bypassDocumentValidation',
  ...['listCollections', 'listIndexes', 'renameCollectionSameDB'],
];

/** Rights and room, as the server itself tells them. */
export async function lookForMeans(
  client: MongoClient,
  entries: readonly NamedEntry[],
  contents: ArchiveContents,
): Promise<TargetMeans> {
  return {
    rights: await lookForRights(client, databasesOf(entries)),
    room: await lookForRoom(client, entries, contents),
  };
}

/** What the user lacks in the databases that are written. */
async function lookForRights(client: MongoClient, databases: readonly string[]): Promise<TargetRights> {
  const login = await asked(() => readLogin(client));
  const anonymous = login?.users.length === 0;
  // Nobody logged in, or a server that does not tell.
  const users = login?.users ?? [];
  if (!login || anonymous || login.privileges === null) return { told: false, anonymous, users, lacking: [] };
  const { privileges } = login;
  const lacking = databases.flatMap((db) => {
    const missing = needed.filter(
      (action) =>
        !privileges.some(
          (one) => covers(one, db) && (one.actions.includes(action) || one.actions.includes('anyAction')),
        ),
    );
    if (missing.length === 0) return [];
    const text = `${users.join(', ')} may lack rights in ${db}: ${listNames(missing)}; the roles readWrite and dbAdmin there are enough`;
    return [{ db, isCore: missing.some((action) => core.includes(action)), text }];
  });
  return { told: true, anonymous, users, lacking };
}

/** All collections of the database; what holds for some of them only cannot be enough for temporaries. */
function covers({ resource }: Privilege, db: string): boolean {
  if (resource['anyResource'] === true) return true;
  const { db: where, collection } = resource;
  return collection === '' && (where === '' || where === db);
}

async function lookForRoom(
  client: MongoClient,
  entries: readonly NamedEntry[],
  { namespaces }: ArchiveContents,
): Promise<TargetRoom> {
  const bytesOf = new Map(namespaces.map(({ db, collection, bytes }) => [`${db}.${collection}`, bytes]));
  const sizes = entries.map(({ source }) => bytesOf.get(`${source.db}.${source.collection}`));
  const known = sizes.filter((size) => size !== undefined);
  const bytes = known.reduce((sum, size) => sum + size, 0);
  const [first] = databasesOf(entries);
  const stats = first === undefined ? null : await asked(() => client.db(first).command({ dbStats: 1 }));
  const free = Number(stats?.['fsTotalSize']) - Number(stats?.['fsUsedSize']);
  const freeBytes = Number.isFinite(free) ? free : null;
  const room = { bytes: known.length === sizes.length ? bytes : null, freeBytes };
  if (bytes === 0 || freeBytes === null || freeBytes > bytes) return room;
  const warning = `the documents take ${megabytes(bytes)} before the server compresses them, beside what they replace; its disk has ${megabytes(freeBytes)} free`;
  return { ...room, warning };
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/** A server that does not answer such a question is no reason for anything. */
async function asked<T>(question: () => Promise<T>): Promise<T | null> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof MongoServerError) return null;
    throw error;
  }
}
