import { AppError, type Stage } from '#contracts';
import { translateMongoError } from '../../connection/index.js';
import { serverCode, serverCodes } from './server-code.js';

/** What broke a dump off, as an AppError. */
export function dumpFailure(error: unknown, stage: Stage, stallMs: number): AppError {
  if (error instanceof AppError) return error;
  if (isSilence(error)) {
    return new AppError({
      code: 'engine/stalled',
      stage,
      retry: 'retry',
      message: `The server was asked and has said nothing for ${Math.round(stallMs / 1000)} s`,
      hint: 'Look at the load of the server and at the network; BACKUP_STALL_SECONDS sets how long to wait',
      cause: error,
    });
  }
  if (serverCode(error) === serverCodes.snapshotTooOld) {
    return new AppError({
      code: 'engine/snapshot-too-old',
      stage,
      retry: 'retry',
      message:
        'The server no longer keeps the moment that was being dumped (SnapshotTooOld): reading took longer than its history reaches back',
      hint: 'Raise minSnapshotHistoryWindowInSeconds on the server above the time that a dump takes, or make the dump faster (throttle, store). A worker makes the next attempt without one moment',
      cause: error,
    });
  }
  return translateMongoError(error, 'source', stage);
}

/** A connection that was made and then fell silent; one that could not be made is unreachable. */
function isSilence(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('name' in error)) return false;
  return error.name === 'MongoNetworkTimeoutError' && !('beforeHandshake' in error && error.beforeHandshake === true);
}
