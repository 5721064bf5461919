import type { MongoClient } from 'mongodb';
import type { NamedEntry } from '../load/name-plan.js';
import { databasesOf } from '../load/names.js';
import type { BsonMap } from '../load/raw-bson.js';
import {
  inspectTarget,
  isIdIndex,
  listCollections,
  listIndexes,
  occupantKey,
  type Occupant,
} from '../load/target-state.js';

/** What stands under a name that will be written, with what it asks of its documents. */
export interface Standing extends Occupant {
  /** Beside the one on `_id`. */
  readonly uniqueIndexes: readonly BsonMap[];
  readonly options: BsonMap;
}

/** By `occupantKey`; names that are free are not in it. */
export async function lookAtNames(client: MongoClient, entries: readonly NamedEntry[]): Promise<Map<string, Standing>> {
  const state = await inspectTarget(client, entries);
  const standing = new Map<string, Standing>();
  for (const name of databasesOf(entries)) {
    const db = client.db(name);
    const taken = entries.filter((entry) => entry.db === name && state.has(occupantKey(name, entry.collection)));
    if (taken.length === 0) continue;
    const listed = await listCollections(db);
    for (const { collection } of taken) {
      const occupant = state.get(occupantKey(name, collection));
      if (!occupant) continue;
      const indexes = occupant.indexes > 0 ? await listIndexes(db, collection) : [];
      standing.set(occupantKey(name, collection), {
        ...occupant,
        uniqueIndexes: indexes.filter((index) => !isIdIndex(index) && index.get('unique') === true),
        options: listed.get(collection)?.options ?? new Map<string, unknown>(),
      });
    }
  }
  return standing;
}
