import { MongoServerError, type MongoClient } from 'mongodb';
import { readLogin, type Privilege } from '../../examine/read-login.js';
import type { ArchiveContents, LoadRequest } from '../../engine.js';
import type { NamedEntry } from './name-plan.js';
import { databasesOf, listNames } from './names.js';
import { oplogWarnings } from './plan-notes.js';

/** What a restore needs to be allowed in every database that it writes (docs/DESIGN.md: `readWrite` and `dbAdmin`). */
const needed = [
  ...['find', 'insert', 'remove', 'update', 'createCollection', 'createIndex', 'dropCollection', 'collMod'],
  'bypassDocumentValidation',
  ...['listCollections', 'listIndexes', 'renameCollectionSameDB'],
];

/** What may go wrong although nothing is refused: another version, a lack of rights or of room. Everything here is asked, nothing written. */
export async function planWarnings(
  client: MongoClient,
  entries: readonly NamedEntry[],
  contents: ArchiveContents,
  request: LoadRequest,
): Promise<string[]> {
  return [
    ...oplogWarnings(contents, request),
    ...versionWarnings(contents.serverVersion, String((await client.db('admin').command({ buildInfo: 1 }))['version'])),
    ...(await rightsWarnings(client, databasesOf(entries))),
    ...(await roomWarnings(client, entries, contents)),
  ];
}

/** Only the two numbers count that change what a server knows. */
function versionWarnings(source: string | undefined, target: string): string[] {
  const [from, to] = [source, target].map((version) =>
    /^(\d+)\.(\d+)/
      .exec(version ?? '')
      ?.slice(1)
      .map(Number),
  );
  if (!from || !to) return [];
  const [[a = 0, b = 0], [c = 0, d = 0]] = [from, to];
  if (a === c && b === d) return [];
  const isOlder = c < a || (c === a && d < b);
  const what = isOlder
    ? 'an older one may refuse options and indexes that it does not know, which ends the restore before a name has changed'
    : 'options and indexes that it does not take any more end the restore before a name has changed';
  return [`the backup is of a server ${source ?? ''}, the target is ${target}: ${what}`];
}

async function rightsWarnings(client: MongoClient, databases: readonly string[]): Promise<string[]> {
  const login = await asked(() => readLogin(client));
  // Nobody logged in, or a server that does not tell.
  if (!login || login.users.length === 0 || login.privileges === null) return [];
  const { privileges, users } = login;
  return databases.flatMap((db) => {
    const lacking = needed.filter(
      (action) =>
        !privileges.some(
          (one) => covers(one, db) && (one.actions.includes(action) || one.actions.includes('anyAction')),
        ),
    );
    if (lacking.length === 0) return [];
    return [
      `${users.join(', ')} may lack rights in ${db}: ${listNames(lacking)}; the roles readWrite and dbAdmin there are enough`,
    ];
  });
}

/** All collections of the database; what holds for some of them only cannot be enough for temporaries. */
function covers({ resource }: Privilege, db: string): boolean {
  if (resource['anyResource'] === true) return true;
  const { db: where, collection } = resource;
  return collection === '' && (where === '' || where === db);
}

async function roomWarnings(
  client: MongoClient,
  entries: readonly NamedEntry[],
  { namespaces }: ArchiveContents,
): Promise<string[]> {
  const bytesOf = new Map(namespaces.map(({ db, collection, bytes }) => [`${db}.${collection}`, bytes]));
  const bytes = entries.reduce((sum, { source }) => sum + (bytesOf.get(`${source.db}.${source.collection}`) ?? 0), 0);
  const [first] = databasesOf(entries);
  if (bytes === 0 || first === undefined) return [];
  const stats = await asked(() => client.db(first).command({ dbStats: 1 }));
  const free = Number(stats?.['fsTotalSize']) - Number(stats?.['fsUsedSize']);
  if (!Number.isFinite(free) || free > bytes) return [];
  return [
    `the documents take ${megabytes(bytes)} before the server compresses them, beside what they replace; its disk has ${megabytes(free)} free`,
  ];
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
