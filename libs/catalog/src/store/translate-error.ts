import { AppError, isNetworkFailure, messageOf } from '#contracts';

/** UserNotFound, Unauthorized, AuthenticationFailed, MechanismUnavailable, ReauthenticationRequired, Atlas' own refusal. */
const unauthorized = new Set([11, 13, 18, 334, 391, 8000]);
/** The server is there, but this broke off: elections, shutdowns, lost cursors, write concerns not met in time, conflicts. */
const passing = new Set([
  6, 7, 43, 50, 64, 89, 91, 100, 112, 175, 189, 202, 237, 246, 262, 290, 384, 9001, 10058, 10107, 11600, 11601, 11602,
  13388, 13435, 13436,
]);
const unreachable =
  /^(Mongo(ose)?(Network|NetworkTimeout|ServerSelection|TopologyClosed|NotConnected|PoolCleared|PoolClosed|ClientClosed|ConnectionPoolCleared|OperationTimeout|WaitQueueTimeout|WriteConcern|Runtime)Error|PoolClearedError|PoolClearedOnNetworkError|MongoPoolClearedOnNetworkError|WaitQueueTimeoutError|MongoExpiredSessionError)$/;
const duplicateKey = 11000;
const writeConflict = 112;

/** What servers on PostgreSQL (FerretDB) say of an update that they have no code for: `InternalError`, and PostgreSQL's own words. */
const internalError = 1;
const takenInWords = /violates (exclusion|unique) constraint/;
const conflictInWords = /deadlock detected|could not serialize access/;
const stoppedInWords = /canceling statement due to/;

interface DriverError {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly hasErrorLabel?: (label: string) => boolean;
}

/**
 * An error of the driver or of Mongoose as one of ours, by class, code and label. The cause is left out on purpose: errors of the driver hold whole
 * connection descriptions, and these errors travel into records, replies and logs.
 */
export function translateCatalogError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const chain = chainOf(error);
  const [outermost = {}] = chain;
  const text = withoutUris(messageOf(error));
  const details = { driver: String(outermost.name), ...(outermost.code === undefined ? {} : { code: outermost.code }) };
  if (chain.some(({ code }) => typeof code === 'number' && unauthorized.has(code))) {
    return new AppError({
      code: 'catalog/refused',
      stage: 'catalog',
      message: `The catalogue's MongoDB refused us: ${text}`,
      hint: 'Check user, password and authSource of CATALOG_MONGODB_URI; the user needs readWrite and dbAdmin on its database',
      details,
    });
  }
  if (chain.some(mayPass)) {
    return unavailable(text, details);
  }
  return new AppError({
    code: 'catalog/refused',
    stage: 'catalog',
    message: `The catalogue's MongoDB did not take this: ${text}`,
    hint: "Look at the log of the catalogue's MongoDB",
    details,
  });
}

export function unavailable(why: string, details: Readonly<Record<string, unknown>> = {}): AppError {
  return new AppError({
    code: 'catalog/unavailable',
    stage: 'catalog',
    retry: 'retry',
    message: `The catalogue's MongoDB is not available: ${why}`,
    hint: 'Is it running, and does CATALOG_MONGODB_URI name it? What is running goes on; the next try may succeed',
    details,
  });
}

/** A URI that is none: nothing of it is quoted. */
export function badCatalogUri(): AppError {
  return new AppError({
    code: 'config/invalid',
    stage: 'config',
    message: 'CATALOG_MONGODB_URI is no usable MongoDB connection string',
    hint: 'Write it like mongodb://user:password@host:27017/hazina; special characters of the password are percent-encoded',
  });
}

export function isDuplicateKey(error: unknown): boolean {
  return chainOf(error).some((link) => link.code === duplicateKey || saysInWords(link, takenInWords));
}

/**
 * Two writes met and this one was rolled back: made again at once it finds the other's outcome. MongoDB settles most of these itself; servers on
 * PostgreSQL (FerretDB) tell of deadlocks between unique indexes.
 */
export function isConflict(error: unknown): boolean {
  return chainOf(error).some(
    (link) => link.code === writeConflict || sqlState(link.code).startsWith('40') || saysInWords(link, conflictInWords),
  );
}

function saysInWords({ code, message }: DriverError, words: RegExp): boolean {
  return code === internalError && typeof message === 'string' && words.test(message);
}

/** PostgreSQL's five characters, which such servers pack into a number, six bits each; empty for MongoDB's own codes, which are small. */
function sqlState(code: unknown): string {
  if (typeof code !== 'number' || code < 2 ** 18 || code >= 2 ** 30) return '';
  return [0, 6, 12, 18, 24].map((bits) => String.fromCharCode(48 + ((code >> bits) & 63))).join('');
}

function mayPass(link: DriverError, _: number, [outermost]: readonly DriverError[]): boolean {
  const { name, code, hasErrorLabel } = link;
  if (typeof name === 'string' && unreachable.test(name)) return true;
  if (isNetworkFailure(code) || (typeof code === 'number' && passing.has(code))) return true;
  if (/^(08|40|53|57)/.test(sqlState(code)) || saysInWords(link, conflictInWords)) return true;
  if (saysInWords(link, stoppedInWords)) return true;
  return hasErrorLabel?.call(outermost, 'RetryableWriteError') === true;
}

function chainOf(error: unknown): readonly DriverError[] {
  const chain: DriverError[] = [];
  let next: unknown = error;
  while (typeof next === 'object' && next !== null && chain.length < 8) {
    const link: DriverError = next;
    chain.push(link);
    next = link.cause;
  }
  return chain;
}

/** Everything up to the last `@` of the word goes: a password that was not percent-encoded may hold any character. */
function withoutUris(text: string): string {
  return text.replaceAll(/(mongodb(?:\+srv)?:\/\/)\S*/gi, '$1[redacted]');
}
