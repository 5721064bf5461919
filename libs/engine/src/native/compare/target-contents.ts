import type { MongoClient } from 'mongodb';
import { AppError, throwIfAborted, type Secret } from '#contracts';
import type { ArchiveNamespace } from '../../engine.js';
import { connect, translateMongoError } from '../../connection/index.js';
import { isOwnNote } from '../load/plan-types.js';
import { onTarget } from '../load/target-errors.js';

/** What stands on a server now, to be compared with a backup. Nothing is written. */
export interface TargetContents {
  /** Collections and views of some databases but those of the server itself and Hazina's notes; counted one by one. Of time series no count: it would be of measurements. */
  namespaces(databases: readonly string[]): Promise<ArchiveNamespace[]>;
  /** Raw documents, from the primary, in no order. */
  documents(db: string, collection: string): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

export async function openTargetContents(uri: Secret, signal: AbortSignal): Promise<TargetContents> {
  const { client } = await onTarget('compare', () => connect(uri, 'target'));
  return {
    namespaces: (databases) => onTarget('compare', () => listAll(client, databases, signal)),
    documents: (db, collection) => readAll(client, db, collection, signal),
    close: () => client.close(),
  };
}

async function listAll(
  client: MongoClient,
  databases: readonly string[],
  signal: AbortSignal,
): Promise<ArchiveNamespace[]> {
  const found: ArchiveNamespace[] = [];
  for (const db of databases) {
    const listed = await client.db(db).listCollections({}, { nameOnly: false }).toArray();
    for (const { name, type } of listed) {
      throwIfAborted(signal, 'compare');
      if (name.startsWith('system.') || isOwnNote(name)) continue;
      if (type !== 'collection' && type !== 'view' && type !== 'timeseries') continue;
      // Counted, not estimated: an estimate may be wrong after a crash, and here a single document matters.
      const documents = type === 'collection' ? await client.db(db).collection(name).countDocuments() : null;
      found.push({ db, collection: name, type, documents });
    }
  }
  return found;
}

async function* readAll(
  client: MongoClient,
  db: string,
  collection: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const cursor = client.db(db).collection(collection, { readPreference: 'primary' }).find({}, { raw: true });
  try {
    for await (const raw of cursor) {
      throwIfAborted(signal, 'compare');
      yield raw as unknown as Buffer;
    }
  } catch (error) {
    throw error instanceof AppError ? error : translateMongoError(error, 'target', 'compare');
  } finally {
    await cursor.close();
  }
}
