import { AppError, isNetworkFailure, messageOf, type ErrorCode, type Stage } from '#contracts';
import { chainOf, type MongoErrorLike } from './error-chain.js';
import { redact } from './redact.js';

/** The end of a run that a connection belongs to. */
export type Side = 'source' | 'target';

/** UserNotFound, Unauthorized, AuthenticationFailed, MechanismUnavailable, ReauthenticationRequired, Atlas' own refusal. */
const unauthorized = new Set([11, 13, 18, 334, 391, 8000]);
const refusedNames = new Set(['MongoMissingCredentialsError', 'MongoAWSError', 'MongoOIDCError', 'MongoKerberosError']);
const unreachableNames = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoTopologyClosedError',
  'MongoNotConnectedError',
  'MongoPoolClearedError',
  'MongoPoolClosedError',
  'PoolClearedError',
  'PoolClosedError',
  'MongoClientClosedError',
  'MongoConnectionPoolClearedError',
  'MongoOperationTimeoutError',
  'MongoWaitQueueTimeoutError',
  'WaitQueueTimeoutError',
]);
const tlsCodes =
  /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|HOSTNAME_MISMATCH$|INVALID_CA$)/;
/** The server is there, but what was asked of it broke off: another try may do better. */
const passing = new Set([
  6, 7, 43, 50, 89, 91, 112, 136, 175, 189, 202, 237, 239, 246, 262, 290, 384, 9001, 10058, 10107, 11600, 11601, 11602,
  13388, 13435, 13436,
]);

/** An error of the driver as one of ours: by class, code and label, never by its text. Its own text is shown without credentials. */
export function translateMongoError(error: unknown, side: Side, stage: Stage): AppError {
  if (error instanceof AppError) return error;
  const where = side === 'source' ? 'The server to back up' : 'The target server';
  const variable = side === 'source' ? 'MONGODB_URI' : "the target's URI";
  const chain = chainOf(error);
  const text = redact(messageOf(error));
  if (chain.some(isRefusal)) {
    return new AppError({
      code: `${side}/refused`,
      stage,
      message: `${where} refused us: ${text}`,
      hint:
        side === 'source'
          ? 'Check user, password and authSource of MONGODB_URI; the user needs the role backup (or read on the database)'
          : 'Check user, password and authSource of the target; the user needs readWrite and dbAdmin on its databases',
      cause: error,
    });
  }
  if (chain.some(({ code }) => typeof code === 'string' && tlsCodes.test(code))) {
    return new AppError({
      code: `${side}/refused`,
      stage,
      message: `${where} and we do not agree on TLS: ${text}`,
      hint: `Does the server speak TLS, and is its certificate valid for this host name? Check tls and tlsCAFile of ${variable}`,
      cause: error,
    });
  }
  const [outermost = {}] = chain;
  if (isFileError(error)) return badUri(side, text);
  if (isUnreachable(outermost)) {
    return new AppError({
      code: `${side}/unreachable`,
      stage,
      retry: 'retry',
      message: `${where} cannot be reached: ${text}`,
      hint: `Is the server running, and may this machine connect to it? Check host and port of ${variable}, firewall and TLS`,
      cause: error,
    });
  }
  // Before anything was asked of a server, such an error speaks of the URI's options.
  if (outermost.name === 'MongoParseError' || (stage === 'probe' && outermost.name === 'MongoInvalidArgumentError'))
    return badUri(side);
  return answered(outermost, {
    code: side === 'source' ? 'engine/failed' : 'restore/failed',
    stage,
    where,
    text,
    error,
  });
}

function answered(
  { code, hasErrorLabel }: MongoErrorLike,
  told: { code: ErrorCode; stage: Stage; where: string; text: string; error: unknown },
): AppError {
  const labelled = (label: string) => hasErrorLabel?.call(told.error, label) === true;
  const retry =
    (typeof code === 'number' && passing.has(code)) ||
    labelled('RetryableWriteError') ||
    labelled('TransientTransactionError');
  return new AppError({
    code: told.code,
    stage: told.stage,
    retry: retry ? 'retry' : 'no-retry',
    message: `${told.where} answered with an error: ${told.text}${typeof code === 'number' ? ` (code ${code})` : ''}`,
    hint: retry
      ? 'Try again: the server was busy with itself (an election, a restart, a lost cursor)'
      : "Look at the server's log",
    cause: told.error,
  });
}

/** `why` must hold nothing of the URI's credentials. */
export function badUri(side: Side, why?: string): AppError {
  return new AppError({
    code: 'config/invalid',
    stage: 'config',
    message: `${side === 'source' ? 'MONGODB_URI' : "The target's URI"} is no usable MongoDB connection string${why === undefined ? '' : `: ${why}`}`,
    hint: 'Write it like mongodb://user:password@host:27017/database; special characters of the password are percent-encoded',
  });
}

function isRefusal({ code, name }: MongoErrorLike): boolean {
  return (typeof code === 'number' && unauthorized.has(code)) || (name !== undefined && refusedNames.has(name));
}

function isUnreachable({ name, code }: MongoErrorLike): boolean {
  if (name !== undefined && unreachableNames.has(name)) return true;
  return isNetworkFailure(code);
}

/** A certificate or key that the URI names cannot be read. */
function isFileError(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'syscall' in error && 'path' in error && error.syscall === 'open'
  );
}
