import { AppError, messageOf, type ErrorCode, type Stage } from '#contracts';
import { redact } from './redact.js';

/** The end of a run that a connection belongs to. */
export type Side = 'source' | 'target';

const unauthorized = new Set([11, 13, 18, 33, 334, 8000]);
const unreachableNames = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoTopologyClosedError',
  'MongoNotConnectedError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'PoolClosedError',
  'MongoClientClosedError',
  'MongoConnectionPoolClearedError',
  'MongoOperationTimeoutError',
]);
/** The server is there, but what was asked of it broke off: another try may do better. */
const passing = new Set([
  6, 7, 43, 89, 91, 112, 136, 175, 189, 237, 239, 246, 262, 290, 9001, 10107, 11600, 11602, 13435, 13436,
]);

interface MongoErrorLike {
  readonly name?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly reason?: { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
  hasErrorLabel?(label: string): boolean;
}

/** An error of the driver as one of ours: by class, code and label, never by its text. Its own text is shown without credentials. */
export function translateMongoError(error: unknown, side: Side, stage: Stage): AppError {
  if (error instanceof AppError) return error;
  const seen = (typeof error === 'object' && error !== null ? error : {}) as MongoErrorLike;
  const where = side === 'source' ? 'The server to back up' : 'The target server';
  if (isRefusal(error)) {
    return new AppError({
      code: `${side}/refused`,
      stage,
      message: `${where} refused us: ${redact(messageOf(error))}`,
      hint:
        side === 'source'
          ? 'Check user, password and authSource of MONGODB_URI; the user needs the role backup (or read on the database)'
          : 'Check user, password and authSource of the target; the user needs readWrite and dbAdmin on its databases',
      cause: error,
    });
  }
  if (seen.name !== undefined && unreachableNames.has(seen.name)) {
    return new AppError({
      code: `${side}/unreachable`,
      stage,
      retry: 'retry',
      message: `${where} cannot be reached: ${redact(messageOf(error))}`,
      hint: `Is the server running, and may this machine connect to it? Check host and port of ${side === 'source' ? 'MONGODB_URI' : "the target's URI"}, firewall and TLS`,
      cause: error,
    });
  }
  if (
    seen.name === 'MongoParseError' ||
    seen.name === 'MongoInvalidArgumentError' ||
    seen.name === 'MongoMissingCredentialsError'
  )
    return badUri(side, error);
  const code: ErrorCode = side === 'source' ? 'engine/failed' : 'restore/failed';
  const retry =
    (typeof seen.code === 'number' && passing.has(seen.code)) ||
    labelled(seen, 'RetryableWriteError') ||
    labelled(seen, 'TransientTransactionError');
  return new AppError({
    code,
    stage,
    retry: retry ? 'retry' : 'no-retry',
    message: `${where} answered with an error: ${redact(messageOf(error))}${typeof seen.code === 'number' ? ` (code ${seen.code})` : ''}`,
    hint: retry
      ? 'Try again: the server was busy with itself (an election, a restart, a lost cursor)'
      : "Look at the server's log",
    cause: error,
  });
}

export function badUri(side: Side, cause?: unknown): AppError {
  const variable = side === 'source' ? 'MONGODB_URI' : "The target's URI";
  return new AppError({
    code: 'config/invalid',
    stage: 'config',
    message: `${variable} is no MongoDB connection string`,
    hint: 'Write it like mongodb://user:password@host:27017/database; special characters of the password are percent-encoded',
    cause,
  });
}

function isRefusal(error: unknown, depth = 0): boolean {
  if (depth > 5 || typeof error !== 'object' || error === null) return false;
  const { code, cause, reason, name } = error as MongoErrorLike;
  if (typeof code === 'number' && unauthorized.has(code)) return true;
  if (name === 'MongoMissingCredentialsError' || name === 'MongoAWSError') return true;
  const servers = reason?.servers === undefined ? [] : [...reason.servers.values()];
  return isRefusal(cause, depth + 1) || servers.some((server) => isRefusal(server.error, depth + 1));
}

function labelled(error: MongoErrorLike, label: string): boolean {
  return typeof error.hasErrorLabel === 'function' && error.hasErrorLabel(label);
}
