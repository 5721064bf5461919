import type { RestoreConflict } from '#contracts';
import { listNames } from '../load/names.js';
import type { AuthorizationFindings, ExistingNames } from './authorization-check.js';

/** Who is replaced by the users and roles of a backup, or why they could not be merged. Counts by database, never a name. */
export function authorizationConflicts(found: AuthorizationFindings): RestoreConflict[] {
  const { users, roles, isEmpty, schema } = found;
  const make = (blocking: boolean, documents: number | null, message: string): RestoreConflict => ({
    ...{ kind: 'users-and-roles', blocking, db: null, collection: null, documents, message },
  });
  const own = users.isOwnLogin
    ? '; among them the user that this restore logs in as, whose password and roles are those of the backup from then on'
    : '';
  return [
    ...(isEmpty ? [make(true, 0, 'the archive holds no users and roles: the restore would fail')] : []),
    ...(schema !== null && schema.archive !== schema.target
      ? [
          make(
            true,
            null,
            `the users of the archive are in form ${schema.archive}, those of the target in form ${schema.target}: the restore would be refused`,
          ),
        ]
      : []),
    ...replaced('user', users).map(([count, text]) =>
      make(false, count, `${text}, password and roles included, and not put back when the restore fails later${own}`),
    ),
    ...replaced('role', roles).map(([count, text]) => make(false, count, `${text}, with what they allow`)),
  ];
}

function replaced(what: string, { held, there }: ExistingNames): [number, string][] {
  const count = countOf(there);
  if (count === 0) return [];
  const where = listNames([...there].map(([db, many]) => `${many} of ${db}`));
  const verb = count === 1 ? 'is' : 'are';
  return [
    [
      count,
      `${count} of ${plural(held, what)} of the backup ${verb} in the target already (${where}) and would be replaced`,
    ],
  ];
}

export function authorizationChecked({ users, roles }: AuthorizationFindings): string[] {
  const parts = [said('user', users), said('role', roles)].flat();
  return parts.length === 0 ? [] : [`users and roles: ${parts.join(', ')}`];
}

function said(what: string, { held, there, unanswered }: ExistingNames): string[] {
  return unanswered !== null ? [] : [`${plural(held, what)} of the backup, of which the target has ${countOf(there)}`];
}

export function authorizationUnchecked({ users, roles, complete, isEmpty }: AuthorizationFindings): string[] {
  if (isEmpty) return [];
  return [
    ...(complete ? [] : ['users and roles of the backup beyond what was read of it']),
    ...(users.unanswered === null ? [] : [`which users of the backup the target has: ${users.unanswered}`]),
    ...(roles.unanswered === null ? [] : [`which roles of the backup the target has: ${roles.unanswered}`]),
    ...(countOf(users.there) + countOf(roles.there) === 0
      ? []
      : ['whether users and roles that are there already are the same in the backup']),
  ];
}

function countOf(there: ReadonlyMap<string, number>): number {
  return [...there.values()].reduce((sum, count) => sum + count, 0);
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
