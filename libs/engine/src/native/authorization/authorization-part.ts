import type { ArchivedNamespace } from '../load/name-plan.js';

export type AuthorizationPart = 'users' | 'roles' | 'version';

const ofServer = /^system\.(users|roles|version)$/;
/** As `mongodump --db X --dumpDbUsersAndRoles` names what belongs to one database. */
const ofDatabase = /^\$admin\.system\.(users|roles|version)$/;

/** Whether a namespace of an archive holds users, roles, or the form that both are in: of the whole server, or of one database. */
export function authorizationPart({
  db,
  collection,
}: Pick<ArchivedNamespace, 'db' | 'collection'>): AuthorizationPart | null {
  const [, part] = (db === 'admin' ? ofServer.exec(collection) : null) ?? ofDatabase.exec(collection) ?? [];
  return part === undefined ? null : (part as AuthorizationPart);
}
