import { MongoServerError, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import type { ArchiveContents, LoadRequest } from '../../engine.js';
import { serverCode, serverCodes } from '../dump/server-code.js';

/** Names no collection: what the server understands of it, it refuses. */
const nothing = { _mergeAuthzCollections: 1, tempUsersCollection: '', tempRolesCollection: '', db: '', drop: false };

const without = 'Without --users-and-roles (usersAndRoles) the data can be restored';

/** Before anything is written: throws where users and roles could not be restored at all. `contents`: where somebody knows what the archive holds. */
export async function requireMerge(
  client: MongoClient,
  request: LoadRequest,
  entries: readonly unknown[],
  contents?: ArchiveContents,
): Promise<void> {
  if (request.usersAndRoles !== true) return;
  if (request.include.length + request.exclude.length > 0)
    throw refused('Users and roles belong to databases: they go with no pattern of collections', 'Choose databases');
  if (request.rename.length > 0)
    throw refused('Users and roles belong to a database by its name: they go with no rename', without);
  if (contents?.usersAndRoles === 0)
    throw refused(
      'The backup holds no users and roles',
      'A backup of a whole server holds them, when its user may read them (the role backup)',
    );
  if (entries.length === 0)
    throw refused(
      'Users and roles are restored beside a collection, and the archive holds none',
      'Use the official tools',
    );
  try {
    await client.db('admin').command(nothing);
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    if (serverCode(error) === serverCodes.commandNotFound) throw noMerge(error);
    if (serverCode(error) === serverCodes.unauthorized) throw mayNot(error);
    // It was understood, and missed the names.
  }
}

function refused(message: string, hint: string): AppError {
  return new AppError({ code: 'cli/bad-arguments', stage: 'plan', message, hint });
}

function noMerge(cause: unknown): AppError {
  return new AppError({
    code: 'target/unsupported',
    stage: 'plan',
    message: 'The target cannot take over users and roles: it has no command _mergeAuthzCollections',
    hint: `Restore into a MongoDB server, or make the users by hand. ${without}`,
    cause,
  });
}

function mayNot(cause: unknown): AppError {
  return new AppError({
    code: 'target/refused',
    stage: 'plan',
    message: 'This user may not restore users and roles (_mergeAuthzCollections)',
    hint: `The role restore on admin is enough for it. ${without}`,
    cause,
  });
}
