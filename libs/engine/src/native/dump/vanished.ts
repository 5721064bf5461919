import { AppError } from '#contracts';
import { printableName } from './describe-collections.js';
import { listCollections, type ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { serverCode, serverCodes } from './server-code.js';

/** Did a cursor end because its collection went away? */
export function isVanished(error: unknown): boolean {
  const code = serverCode(error);
  return code === serverCodes.namespaceNotFound || code === serverCodes.queryPlanKilled;
}

/**
 * Looks what became of a collection whose cursor broke off, or that showed no document. Returns whether it was dropped; throws when its documents are
 * in the database still, under another name or replaced: then the dump would lack what it should hold.
 */
export async function wasDropped(
  { connection, session }: Look,
  { db, name, uuid }: ListedCollection,
  brokeOff: boolean,
): Promise<boolean> {
  const now = await listCollections(connection.db(db), session);
  const renamed = uuid === null ? undefined : now.find((other) => other.uuid === uuid && other.name !== name);
  if (renamed !== undefined) throw moved(`${printableName({ db, name })} was renamed to ${printableName(renamed)}`);
  if (!now.some((other) => other.name === name)) return true;
  if (brokeOff) throw moved(`${printableName({ db, name })} was replaced or changed`);
  return false;
}

function moved(what: string): AppError {
  return new AppError({
    code: 'engine/failed',
    stage: 'dump',
    retry: 'retry',
    message: `${what} while it was dumped: the backup would not hold all of it`,
    hint: 'Try again, at a time when collections are not renamed or replaced',
  });
}
