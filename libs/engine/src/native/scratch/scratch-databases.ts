import { MongoServerError, type Collection, type MongoClient } from 'mongodb';
import { AppError, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { serverCode, serverCodes } from '../dump/server-code.js';
import { scratchMarker } from '../load/plan-types.js';
import { listCollections } from '../load/target-state.js';
import { onTarget } from '../load/target-errors.js';
import { isScratchName } from './scratch-names.js';

export interface ScratchMark {
  /** The restore, drill or verification that made it. */
  readonly restoreId: string;
  readonly backupId: string;
  readonly createdAt: Date;
  /** Which run of the drill made it: the number of its claim. A later run may drop what an earlier one left, never the other way round. */
  readonly fence?: number;
  /** A drill's heart-beat: what it makes is for nobody to keep, and may go when this stands still. Absent: a restore's, which people look at. */
  readonly beat?: number;
  /** How long that is: its maker's own lease, whoever looks. */
  readonly leaseMs?: number;
}

export interface MarkerDocument extends ScratchMark {
  readonly _id: 'marker';
}

const duplicateKey = 11_000;
/** A server that takes a question about scratch databases and says nothing for so long is given up: no upkeep waits for it for ever. */
const silenceMs = 120_000;

/** Makes the databases, each with its marker. Repeatable by the same restore. Throws `target/not-empty` when somebody else has one of the names. */
export async function markScratch(uri: Secret, databases: readonly string[], mark: ScratchMark): Promise<void> {
  await withScratchTarget(uri, (client) => markDatabases(client, databases, mark));
}

export async function markDatabases(
  client: MongoClient,
  databases: readonly string[],
  mark: ScratchMark,
): Promise<void> {
  for (const name of databases) {
    if (!isScratchName(name)) throw notScratch(name);
    const there = await markerOf(client, name);
    if (there?.restoreId === mark.restoreId && there.fence === mark.fence) continue;
    if (there !== null || (await listCollections(client.db(name))).size > 0) throw taken(name);
    if (!(await insertMark(client, name, mark))) throw taken(name);
  }
}

/** False when somebody else's marker is there. */
export async function insertMark(client: MongoClient, database: string, mark: ScratchMark): Promise<boolean> {
  try {
    await markers(client, database).insertOne({ _id: 'marker', ...mark }, { writeConcern: { w: 'majority' } });
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === duplicateKey) return false;
    throw error;
  }
}

/**
 * Drops what this restore made: of the databases that bear its `id` the marker is looked at just before each drop. The names that were dropped.
 */
export async function dropScratch(uri: Secret, id: string, restoreId: string): Promise<string[]> {
  return withScratchTarget(uri, async (client) => {
    const names = (await scratchNames(client)).filter((name) => isScratchName(name, id));
    return dropMarked(client, names, (mark) => mark.restoreId === restoreId);
  });
}

/** The scratch databases with a marker, whoever made them. One that this user must not read is not ours to drop either. */
export async function findMarked(client: MongoClient): Promise<{ database: string; mark: MarkerDocument }[]> {
  const found: { database: string; mark: MarkerDocument }[] = [];
  for (const database of await scratchNames(client)) {
    const mark = await markerOf(client, database).catch((error: unknown) => {
      if (serverCode(error) === serverCodes.unauthorized) return null;
      throw error;
    });
    if (mark !== null) found.push({ database, mark });
  }
  return found;
}

/** The databases that bear the name of a scratch database, whoever made them. */
export async function scratchNames(client: MongoClient): Promise<string[]> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  return databases.map(({ name }) => name).filter((name) => isScratchName(name));
}

/** The one place that drops databases: by its name a scratch one, and its marker, looked at just before, is one of `ours`. The names that were dropped. */
export async function dropMarked(
  client: MongoClient,
  names: readonly string[],
  ours: (mark: MarkerDocument) => boolean,
): Promise<string[]> {
  const dropped: string[] = [];
  for (const name of names) {
    const mark = isScratchName(name) ? await markerOf(client, name) : null;
    if (mark === null || !ours(mark)) continue;
    await client.db(name).dropDatabase({ writeConcern: { w: 'majority', wtimeoutMS: silenceMs } });
    dropped.push(name);
  }
  return dropped;
}

export function markers(client: MongoClient, database: string): Collection<MarkerDocument> {
  return client.db(database).collection<MarkerDocument>(scratchMarker, { readPreference: 'primary' });
}

export function markerOf(client: MongoClient, database: string): Promise<MarkerDocument | null> {
  return markers(client, database).findOne({ _id: 'marker' });
}

/** What is asked about scratch databases is asked by a connection of its own. `signal` ends the attempt to connect. */
export async function withScratchTarget<T>(
  uri: Secret,
  work: (client: MongoClient) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return onTarget('load', async () => {
    const limits = { silenceTimeoutMs: silenceMs, ...(signal === undefined ? {} : { signal }) };
    const connection = await connect(uri, 'target', limits);
    try {
      return await work(connection.client);
    } finally {
      await connection.close();
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
