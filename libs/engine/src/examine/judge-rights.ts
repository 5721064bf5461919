import type { Login, Privilege } from './read-login.js';

export interface RightsVerdict {
  /** What a backup needs and this user may not, in words. */
  readonly missing: readonly string[];
  /** The backup will be without these, in words. */
  readonly without: readonly string[];
  /** Writing actions that a backup has no use for, with where they are allowed; the first few. */
  readonly needless: readonly string[];
}

const reading = ['find', 'listCollections', 'listIndexes'];
/** Actions that change data, users or the server. */
const writing = new Set([
  ...['insert', 'update', 'remove', 'bypassDocumentValidation', 'anyAction', 'shutdown', 'applyOps', 'replSetReconfig'],
  ...['createCollection', 'dropCollection', 'dropDatabase', 'renameCollectionSameDB', 'convertToCapped', 'collMod'],
  ...['createIndex', 'dropIndex', 'createUser', 'dropUser', 'createRole', 'dropRole', 'grantRole', 'revokeRole'],
  ...['changePassword', 'changeCustomData', 'internal', 'enableSharding', 'removeShard'],
]);
/** The built-in role `backup` may write its own notes there. */
const ownNotes = new Set(['admin.mms.backup', 'config.settings']);
const mostNamed = 4;

/** Compares what a user may with what a backup of these databases needs; none: all of the server's. `privileges` as the server told them. */
export function judgeRights(privileges: readonly Privilege[], databases: readonly string[]): RightsVerdict {
  const missing: string[] = [];
  const without: string[] = [];
  const may = (action: string, db: string, collection: string): boolean =>
    privileges.some(
      ({ resource, actions }) =>
        (actions.includes(action) || actions.includes('anyAction')) && covers(resource, db, collection),
    );
  if (databases.length === 0) {
    if (!mayOnCluster(privileges, 'listDatabases')) missing.push('list the databases (listDatabases)');
    const lacking = reading.filter((action) => !may(action, '', ''));
    if (lacking.length > 0) missing.push(`read every database (${lacking.join(', ')})`);
    const unread = ['system.users', 'system.roles'].filter((name) => !may('find', 'admin', name));
    if (unread.length > 0) without.push('users and roles');
  }
  for (const db of databases) {
    const lacking = reading.filter((action) => !may(action, db, ''));
    if (lacking.length > 0) missing.push(`read ${db} (${lacking.join(', ')})`);
  }
  return { missing, without, needless: needlessOf(privileges) };
}

/** `db` and `collection` empty: any of them, as in the server's own words; system collections are never meant by that. */
function covers(resource: Privilege['resource'], db: string, collection: string): boolean {
  if (resource['anyResource'] === true) return true;
  const { db: forDb, collection: forCollection } = resource;
  if (typeof forDb !== 'string' || typeof forCollection !== 'string') return false;
  if (forDb !== '' && forDb !== db) return false;
  return forCollection === collection || (forCollection === '' && !collection.startsWith('system.'));
}

function mayOnCluster(privileges: readonly Privilege[], action: string): boolean {
  return privileges.some(
    ({ resource, actions }) =>
      (resource['cluster'] === true || resource['anyResource'] === true) &&
      (actions.includes(action) || actions.includes('anyAction')),
  );
}

function needlessOf(privileges: readonly Privilege[]): string[] {
  const needless = privileges.flatMap(({ resource, actions }) => {
    const where = placeOf(resource);
    if (ownNotes.has(where)) return [];
    const found = actions.filter((action) => writing.has(action));
    return found.length === 0 ? [] : [`${found.slice(0, mostNamed).join(', ')} on ${where}`];
  });
  return needless.length <= mostNamed
    ? needless
    : [...needless.slice(0, mostNamed), `${needless.length - mostNamed} more`];
}

function placeOf(resource: Privilege['resource']): string {
  if (resource['anyResource'] === true) return 'everything';
  if (resource['cluster'] === true) return 'the server itself';
  const { db, collection } = resource;
  if (db === '' && collection === '') return 'every database';
  if (collection === '') return String(db);
  return `${db === '' ? '*' : String(db)}.${String(collection)}`;
}

/** Roles of a user for a sentence. */
export function describeLogin({ users, roles }: Login): string {
  return `${users.join(', ')} (${roles.length === 0 ? 'no role' : roles.join(', ')})`;
}
