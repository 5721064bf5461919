import type { ClientSession } from 'mongodb';
import { AppError } from '#contracts';
import type { Connection } from '../../connection/index.js';
import type { DumpRequest } from '../../engine.js';
import { createSelection } from '../../selection/index.js';
import { catalogMarker, isSkippedDatabase } from './skip-rules.js';

export interface ResolvedDatabases {
  /** Sorted. */
  readonly names: readonly string[];
  /** They were asked for by name: their system collections are not left out as those of a whole server are. */
  readonly named: boolean;
  readonly warnings: readonly string[];
}

/** Which databases a request means: those named, else the one in the URI's path (not `admin`, where users live), else all but the server's own. */
export async function resolveDatabases(
  connection: Connection,
  request: DumpRequest,
  session: ClientSession,
): Promise<ResolvedDatabases> {
  const present = await databaseNames(connection, session);
  const fromUri = connection.database !== undefined && connection.database !== 'admin' ? [connection.database] : [];
  const asked = request.databases.length > 0 ? request.databases : fromUri;
  const selection = createSelection(request);
  if (asked.length > 0) {
    for (const name of asked) if (!present.includes(name)) throw unknownDatabase(name, present);
    return {
      names: [...new Set(asked)].filter((name) => selection.matchesDatabase(name)).sort(),
      named: true,
      warnings: [],
    };
  }
  const names: string[] = [];
  const warnings: string[] = [];
  for (const name of present.filter((db) => !isSkippedDatabase(db) && selection.matchesDatabase(db))) {
    if (await isCatalog(connection, name, session))
      warnings.push(`${name} was left out: it is the catalogue of Hazina, which is rebuilt from the store`);
    else names.push(name);
  }
  return { names, named: false, warnings };
}

async function databaseNames(connection: Connection, session: ClientSession): Promise<string[]> {
  const { databases } = (await connection.db('admin').command({ listDatabases: 1, nameOnly: true }, { session })) as {
    databases: { name: string }[];
  };
  return databases.map(({ name }) => name).sort();
}

async function isCatalog(connection: Connection, name: string, session: ClientSession): Promise<boolean> {
  return (
    (await connection
      .db(name)
      .collection(catalogMarker)
      .findOne({}, { session, projection: { _id: 1 } })) !== null
  );
}

function unknownDatabase(name: string, present: readonly string[]): AppError {
  const similar = present.filter(
    (other) => other.toLowerCase() === name.toLowerCase() || other.includes(name) || name.includes(other),
  );
  const others = (similar.length > 0 ? similar : present).slice(0, 8);
  return new AppError({
    code: 'source/unknown-database',
    stage: 'probe',
    message: `The server has no database ${JSON.stringify(name)}${others.length > 0 ? `; it has ${others.join(', ')}` : '; it has none at all'}`,
    hint: 'Check the name in --database or in the path of MONGODB_URI; capital and small letters count',
  });
}
