import { AppError, askedDatabases } from '#contracts';
import type { DumpRequest } from '../../engine.js';
import { compare, listNames, printable } from '../load/names.js';
import type { Look } from './look.js';
import { serverCode, serverCodes } from './server-code.js';
import { similarNames } from './similar-names.js';
import { isSkippedDatabase } from './skip-rules.js';

export interface ResolvedDatabases {
  /** Sorted. */
  readonly names: readonly string[];
  /** They were asked for by name: then what is left out of a whole server is not left out (`local`, all of `config`). */
  readonly named: boolean;
}

/**
 * Which databases a request means: those asked for (`askedDatabases`), else all but the server's own.
 * Throws `source/unknown-database`.
 */
export async function resolveDatabases(look: Look, request: DumpRequest): Promise<ResolvedDatabases> {
  const asked = askedDatabases(request.databases, look.connection.database);
  if (asked.length === 0) {
    const names = await databaseNames(look);
    return { names: names.filter((name) => !isSkippedDatabase(name)), named: false };
  }
  await refuseUnknown(look, asked);
  return { names: [...new Set(asked)].sort(compare), named: true };
}

async function databaseNames({ connection, session }: Look): Promise<string[]> {
  const reply = await connection.db('admin').command({ listDatabases: 1, nameOnly: true }, { session });
  const databases = reply['databases'] as readonly { readonly name: string }[];
  return databases.map(({ name }) => name).sort(compare);
}

async function refuseUnknown(look: Look, asked: readonly string[]): Promise<void> {
  let present: readonly string[];
  try {
    present = await databaseNames(look);
  } catch (error) {
    // Some servers and rights do not list databases: then whoever reads them finds out.
    const unlisted: readonly (number | undefined)[] = [serverCodes.unauthorized, serverCodes.commandNotFound];
    if (unlisted.includes(serverCode(error))) return;
    throw error;
  }
  const unknown = asked.filter((name) => !present.includes(name));
  const [first] = unknown;
  if (first === undefined) return;
  const similar = similarNames(
    first,
    present.filter((name) => !isSkippedDatabase(name)),
  );
  throw new AppError({
    code: 'source/unknown-database',
    stage: 'probe',
    message: `The server has no database ${listNames(unknown.map((name) => printable(JSON.stringify(name))))}; ${similar.length > 0 ? `it has ${listNames(similar.map(printable))}` : 'it shows none to this user'}`,
    hint: 'Check the name in --database or in the path of MONGODB_URI; capital and small letters count',
    details: { databases: unknown },
  });
}
