import { BSON, MongoServerError, type Document, type MongoClient } from 'mongodb';
import { AppError } from '#contracts';
import { composeDocument, decodeToMap, rawId, type BsonMap } from '../load/raw-bson.js';
import { serverCode, serverCodes } from '../dump/server-code.js';
import { cannotReplay, withoutReplay } from './interpret-operation.js';
import type { OplogOperation } from './oplog-entry.js';

/** An operation on a document, and the name that the collection has in the target now. */
export interface PlacedWrite {
  readonly operation: OplogOperation;
  readonly db: string;
  readonly collection: string;
}

/** Each operation is one to the server, too: `applyOps` holds its locks for a whole batch. */
export const batchLimits = { operations: 500, bytes: 8 << 20 };

/**
 * Asks whether the server takes `applyOps`, changing nothing: the deletion of a document from a collection that does not exist. Throws
 * `target/unsupported` where there is no such command (compatible servers have none), `target/refused` where this user may not send it.
 */
export async function requireApplyOps(client: MongoClient, db: string, nowhere: string): Promise<void> {
  const probe = { op: 'd', ns: `${db}.${nowhere}`, o: { _id: 0 } };
  try {
    await client.db('admin').command({ applyOps: [probe] });
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    if (serverCode(error) === serverCodes.commandNotFound) throw noApplyOps(error);
    if (serverCode(error) === serverCodes.unauthorized) throw mayNot(error);
    // It was understood, and missed the collection.
  }
}

/** Told of each operation in order: it was applied, or it would change a document that is not there. */
export interface WriteWatch {
  applied(write: PlacedWrite): void;
  missing(write: PlacedWrite): void;
}

/** Sends a batch. What the server refuses is sent again one by one (the oplog may be applied twice), so that the error names its entry. */
export async function applyWrites(
  client: MongoClient,
  writes: readonly PlacedWrite[],
  watch: WriteWatch,
): Promise<void> {
  if (writes.length === 0) return;
  try {
    await send(client, writes);
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.hasErrorLabel('RetryableWriteError')) throw error;
    for (const write of writes) await applyOne(client, write, watch);
    return;
  }
  for (const write of writes) watch.applied(write);
}

async function applyOne(client: MongoClient, write: PlacedWrite, watch: WriteWatch): Promise<void> {
  try {
    await send(client, [write]);
    watch.applied(write);
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.hasErrorLabel('RetryableWriteError')) throw error;
    if (serverCode(error) === serverCodes.unauthorized) throw mayNot(error);
    if (write.operation.op === 'u' && !(await exists(client, write))) {
      watch.missing(write);
      return;
    }
    // The server's words hold values of documents: they go nowhere.
    throw cannotReplay(write.operation, `the target refuses it (code ${serverCode(error) ?? 0})`);
  }
}

async function send(client: MongoClient, writes: readonly PlacedWrite[]): Promise<void> {
  const command: Document = {
    applyOps: writes.map(operationFor),
    // The data was valid where it came from, or older than its validator.
    bypassDocumentValidation: true,
    writeConcern: { w: 'majority' },
  };
  const reply = await client.db('admin').command(command, { enableUtf8Validation: false });
  const results: unknown = reply['results'];
  if (Array.isArray(results) && results.every(Boolean)) return;
  throw new MongoServerError({ message: 'applyOps had errors', code: 8 });
}

function operationFor({ operation, db, collection }: PlacedWrite): Map<string, unknown> {
  const { op, o, o2 } = operation;
  // The UUID of the source's collection is left out: it has another one here.
  return new Map<string, unknown>([
    ['op', op],
    ['ns', `${db}.${collection}`],
    ['o', exactly(operation, o)],
    ...(o2 === undefined ? [] : [['o2', exactly(operation, o2)] as const]),
  ]);
}

/** The document for the driver, which has no way to send bytes inside a command. Nothing is changed silently. */
function exactly(operation: OplogOperation, bytes: Buffer): BsonMap {
  const decoded = decodeToMap(bytes);
  if (bytes.equals(BSON.serialize(decoded, { ignoreUndefined: false }))) return decoded;
  throw cannotReplay(
    operation,
    'its document does not survive decoding and encoding (a field name that stands twice?)',
  );
}

async function exists(client: MongoClient, { operation, db, collection }: PlacedWrite): Promise<boolean> {
  const id = rawId(operation.o2 ?? operation.o);
  if (id === undefined) return true;
  const _id = decodeToMap(composeDocument([{ ...id, name: '_id' }])).get('_id');
  const found = await client
    .db(db)
    .collection(collection, { readPreference: 'primary' })
    .findOne({ _id: { $eq: _id } } as Document, { raw: true, projection: { _id: 1 } });
  return found !== null;
}

function noApplyOps(cause: unknown): AppError {
  return new AppError({
    code: 'target/unsupported',
    stage: 'plan',
    message: 'The backup holds an oplog, and the target has no command applyOps to replay it with',
    hint: `Restore into a MongoDB server. ${withoutReplay}`,
    cause,
  });
}

function mayNot(cause: unknown): AppError {
  return new AppError({
    code: 'target/refused',
    stage: 'plan',
    message: 'The backup holds an oplog, and this user may not replay it (applyOps)',
    hint: `readWrite and dbAdmin on every database that is written are enough for it. ${withoutReplay}`,
    cause,
  });
}
