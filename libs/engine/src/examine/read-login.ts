import type { Connection } from '../connection/index.js';

type Document = Readonly<Record<string, unknown>>;

/** What a user may do, and where. */
export interface Privilege {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly actions: readonly string[];
}

/** Who we are to a server. */
export interface Login {
  /** `hazina@admin`; empty: nobody, the server let us in without a login. */
  readonly users: readonly string[];
  /** `backup@admin`. */
  readonly roles: readonly string[];
  /** Null: the server does not tell (FerretDB). */
  readonly privileges: readonly Privilege[] | null;
}

/** As the server itself tells it (`connectionStatus`); every user may ask about itself. */
export async function readLogin(connection: Pick<Connection, 'db'>): Promise<Login> {
  const reply = await connection.db('admin').command({ connectionStatus: 1, showPrivileges: true });
  const info = (reply['authInfo'] ?? {}) as Document;
  const named = (list: unknown, field: string): string[] =>
    Array.isArray(list) ? (list as Document[]).map((one) => `${String(one[field])}@${String(one['db'])}`) : [];
  const told: unknown = info['authenticatedUserPrivileges'];
  return {
    users: named(info['authenticatedUsers'], 'user'),
    roles: named(info['authenticatedUserRoles'], 'role'),
    privileges: Array.isArray(told) ? (told as Document[]).flatMap(privilegeOf) : null,
  };
}

function privilegeOf({ resource, actions }: Document): Privilege[] {
  if (typeof resource !== 'object' || resource === null || !Array.isArray(actions)) return [];
  return [{ resource: resource as Privilege['resource'], actions: actions.map(String) }];
}
