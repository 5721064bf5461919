import { MongoServerError, type Collection, type MongoClient } from 'mongodb';
import { AppError, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { listCollections } from '../load/target-state.js';
import { onTarget } from '../load/target-errors.js';
import { isScratchName } from './scratch-names.js';

/** The collection in a scratch database whose one document says which restore made it. */
export const scratchMarker = '_hazina_scratch';

export interface ScratchMark {
  readonly restoreId: string;
  readonly backupId: string;
  readonly createdAt: Date;
}

interface MarkerDocument extends ScratchMark {
  readonly _id: 'marker';
}

const duplicateKey = 11_000;

/** Makes the databases, each with its marker. Repeatable by the same restore. Throws `target/not-empty` when somebody else has one of the names. */
export async function markScratch(uri: Secret, databases: readonly string[], mark: ScratchMark): Promise<void> {
  await withTarget(uri, async (client) => {
    for (const name of databases) {
      if (!isScratchName(name)) throw notScratch(name);
      const there = await markerOf(client, name);
      if (there?.restoreId === mark.restoreId) continue;
      if (there !== null || (await listCollections(client.db(name))).size > 0) throw taken(name);
      try {
        await markers(client, name).insertOne({ _id: 'marker', ...mark }, { writeConcern: { w: 'majority' } });
      } catch (error) {
        if (error instanceof MongoServerError && error.code === duplicateKey) throw taken(name);
        throw error;
      }
    }
  });
}

/**
 * Drops what this restore made: of the databases that bear its `id` the marker is looked at just before each drop. The names that were dropped.
 */
export async function dropScratch(uri: Secret, id: string, restoreId: string): Promise<string[]> {
  return withTarget(uri, async (client) => {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    const dropped: string[] = [];
    for (const { name } of databases) {
      if (!isScratchName(name, id) || (await markerOf(client, name))?.restoreId !== restoreId) continue;
      await client.db(name).dropDatabase({ writeConcern: { w: 'majority' } });
      dropped.push(name);
    }
    return dropped;
  });
}

function markers(client: MongoClient, database: string): Collection<MarkerDocument> {
  return client.db(database).collection<MarkerDocument>(scratchMarker, { readPreference: 'primary' });
}

function markerOf(client: MongoClient, database: string): Promise<MarkerDocument | null> {
  return markers(client, database).findOne({ _id: 'marker' });
}

async function withTarget<T>(uri: Secret, work: (client: MongoClient) => Promise<T>): Promise<T> {
  return onTarget('load', async () => {
    const { client } = await connect(uri, 'target');
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  });
}

function taken(name: string): AppError {
  return new AppError({
    code: 'target/not-empty',
    stage: 'plan',
    message: `The target has a database ${name} already, which this restore did not make`,
    hint: 'Ask for the restore once more: it gets a name of its own',
  });
}

function notScratch(name: string): Error {
  return new Error(`${name} is no name of a scratch database`);
}
