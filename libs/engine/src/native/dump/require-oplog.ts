import { AppError } from '#contracts';
import type { Look } from './look.js';
import { cursorCommand } from './raw-commands.js';
import { serverCode, serverCodes } from './server-code.js';

/** Before a dump with an oplog: throws where the server has none, or this user may not read it. */
export async function requireOplog({ server, connection, session }: Look): Promise<void> {
  if (server.topology !== 'replica-set') {
    const what = server.topology === 'sharded' ? 'a sharded cluster (mongos)' : 'a server of its own';
    throw unsupported(
      `A dump with an oplog needs a replica set; this is ${what}`,
      server.topology === 'sharded'
        ? 'Leave --oplog (BACKUP_OPLOG, oplog of the target) out: the native engine reads all collections at one moment'
        : 'Leave --oplog (BACKUP_OPLOG, oplog of the target) out, or make the server a replica set of one member (rs.initiate())',
    );
  }
  const find = { find: 'oplog.rs', filter: {}, limit: 1, singleBatch: true };
  try {
    const { batch } = await cursorCommand(connection.db('local'), find, session);
    // An empty array.
    if (batch.length > 5) return;
  } catch (error) {
    if (serverCode(error) !== serverCodes.unauthorized) throw error;
    throw new AppError({
      code: 'source/refused',
      stage: 'probe',
      message: 'This user may not read the oplog (local.oplog.rs)',
      hint: 'Grant the role backup on admin, or leave --oplog (BACKUP_OPLOG, oplog of the target) out',
      cause: error,
    });
  }
  throw unsupported('This server keeps no oplog (local.oplog.rs is empty)', 'Leave --oplog out');
}

export function noOplogHere(): AppError {
  return unsupported(
    'The native engine dumps no oplog',
    'Use --engine mongodump (or auto) with --oplog, or leave it out: of a replica set the native engine reads all collections at one moment',
  );
}

function unsupported(message: string, hint: string): AppError {
  return new AppError({ code: 'engine/unsupported', stage: 'probe', message, hint });
}
