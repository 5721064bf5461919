import { MongoError } from 'mongodb';
import type { Secret } from '#contracts';
import { connect } from '../../connection/index.js';
import { databasesOf } from '../load/names.js';
import { onTarget } from '../load/target-errors.js';
import { listCollections } from '../load/target-state.js';
import { driverSource } from './change-source.js';
import { ChangeWatch, reasonOf, type ChangeWatcher, type WatchedNamespace } from './change-watch.js';

export type ChangeWatching =
  | { readonly watch: ChangeWatcher }
  /** In words: why there is no change stream of these collections. */
  | { readonly none: string };

/**
 * Follows what is written into collections of a server from now on, where it has change streams (replica sets of MongoDB): of collections, for views and time
 * series have none. The user needs `read` on the databases.
 */
export async function watchChanges(
  uri: Secret,
  namespaces: readonly WatchedNamespace[],
  signal: AbortSignal,
): Promise<ChangeWatching> {
  return onTarget('compare', async () => {
    const connection = await connect(uri, 'target', { signal });
    try {
      for (const db of databasesOf(namespaces)) {
        const listed = await listCollections(connection.db(db));
        const other = namespaces.find(
          (one) => one.db === db && (listed.get(one.collection)?.kind ?? 'collection') !== 'collection',
        );
        if (other !== undefined) return await without(`${db}.${other.collection} is no plain collection`);
      }
      return { watch: await ChangeWatch.begin(driverSource(connection.client), namespaces) };
    } catch (error) {
      if (error instanceof MongoError) return await without(reasonOf(error));
      await connection.close();
      throw error;
    }

    async function without(none: string): Promise<ChangeWatching> {
      await connection.close();
      return { none };
    }
  });
}
