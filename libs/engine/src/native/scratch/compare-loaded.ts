import type { MongoClient } from 'mongodb';
import { throwIfAborted, type Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { compareIndexes, optionsNotKept } from '../load/compare-definitions.js';
import { digestOf } from '../load/content-digest.js';
import { readSpec } from '../load/read-spec.js';
import { describeTarget } from '../load/target-check.js';
import { onTarget } from '../load/target-errors.js';
import { listCollections, listIndexes } from '../load/target-state.js';

/** A namespace as its archive holds it, and where it was restored to. */
export interface LoadedCollection {
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
  readonly documents: number;
  /** `ContentDigest` of the documents in the archive. */
  readonly digest: string;
  /** Canonical Extended JSON of the prelude; null when the archive has none. */
  readonly metadata: string | null;
}

export interface ComparedCollection {
  readonly indexes: number;
  /** What is missing, or other than in the archive. */
  readonly differences: readonly string[];
  /** What the server did not keep of options, and of indexes that are there, though it was told. */
  readonly notKept: readonly string[];
  /** What could not be looked at. */
  readonly warnings: readonly string[];
}

/** Every document that was restored against the archive, by content and whatever the order; differences in words, one list a namespace. */
export async function compareDocuments(
  uri: Secret,
  loaded: readonly LoadedCollection[],
  signal: AbortSignal,
): Promise<Pick<ComparedCollection, 'differences' | 'warnings'>[]> {
  return withClient(uri, async (client) => {
    const { rawData } = await describeTarget(client);
    const compared: Pick<ComparedCollection, 'differences' | 'warnings'>[] = [];
    for (const one of loaded) {
      throwIfAborted(signal, 'compare');
      compared.push(await compareOne(client, one, rawData, signal));
    }
    return compared;
  });
}

async function compareOne(
  client: MongoClient,
  { db, collection, type, documents, digest }: LoadedCollection,
  rawData: boolean,
  signal: AbortSignal,
): Promise<Pick<ComparedCollection, 'differences' | 'warnings'>> {
  if (type === 'view') return { differences: [], warnings: [] };
  // An archive holds the buckets of a series; from 8.3 on no name leads to them any more.
  if (type === 'timeseries' && rawData)
    return { differences: [], warnings: [`${collection}: this server does not show the buckets of a time series`] };
  const found = await digestOf(client, db, type === 'timeseries' ? `system.buckets.${collection}` : collection, signal);
  if (found.documents !== documents)
    return { differences: [`${found.documents} documents instead of ${documents}`], warnings: [] };
  return { differences: found.text === digest ? [] : ['documents with other contents'], warnings: [] };
}

/** Kind, options and indexes that were restored against the archive's description, one result a namespace. */
export async function compareDefinitions(
  uri: Secret,
  loaded: readonly LoadedCollection[],
  signal: AbortSignal,
): Promise<Pick<ComparedCollection, 'indexes' | 'differences' | 'notKept'>[]> {
  return withClient(uri, async (client) => {
    const listed = new Map<string, Awaited<ReturnType<typeof listCollections>>>();
    for (const db of new Set(loaded.map((one) => one.db))) listed.set(db, await listCollections(client.db(db)));
    const results: Pick<ComparedCollection, 'indexes' | 'differences' | 'notKept'>[] = [];
    for (const { db, collection, type, metadata } of loaded) {
      throwIfAborted(signal, 'compare');
      const spec = readSpec(metadata);
      const found = listed.get(db)?.get(collection);
      if (found?.kind !== type) {
        const instead = found === undefined ? 'it is not there' : `it is a ${found.kind}`;
        // Servers that make no views are warned of by the loader; documents are never given up like that.
        results.push({
          indexes: 0,
          differences: type === 'view' ? [] : [`the ${type} itself: ${instead}`],
          notKept: type === 'view' ? [`the view itself: ${instead}`] : [],
        });
        continue;
      }
      const indexes = type === 'view' ? [] : await listIndexes(client.db(db), collection);
      const compared = compareIndexes(spec.indexes, indexes);
      results.push({
        indexes: indexes.length,
        // Without it a unique key is none, and a query takes hours: that is no restore.
        differences: compared.filter(({ isLost }) => isLost).map(({ what }) => `${what} is not there`),
        notKept: [
          ...optionsNotKept(spec.options, found.options),
          ...compared.filter(({ isLost }) => !isLost).map(({ what }) => what),
        ],
      });
    }
    return results;
  });
}

async function withClient<T>(uri: Secret, work: (client: MongoClient) => Promise<T>): Promise<T> {
  return onTarget('compare', async () => {
    const connection = await connect(uri, 'target');
    const { client } = connection;
    try {
      return await work(client);
    } finally {
      await connection.close();
    }
  });
}
