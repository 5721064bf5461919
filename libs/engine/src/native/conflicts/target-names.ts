import type { MongoClient } from 'mongodb';
import type { LeftAlone } from '#contracts';
import type { NamedEntry } from '../load/name-plan.js';
import { compare, databasesOf } from '../load/names.js';
import { isOwnNote, temporaryPrefix } from '../load/plan-types.js';
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

export interface TargetNames {
  /** By `occupantKey`; names that are free are not in it. */
  readonly standing: ReadonlyMap<string, Standing>;
  /** In the databases that are written, in the order of names; neither the server's own collections nor ours. */
  readonly leftAlone: readonly LeftAlone[];
}

export async function lookAtNames(client: MongoClient, entries: readonly NamedEntry[]): Promise<TargetNames> {
  const state = await inspectTarget(client, entries);
  const written = new Set(entries.map(({ db, collection }) => occupantKey(db, collection)));
  const standing = new Map<string, Standing>();
  const leftAlone: LeftAlone[] = [];
  for (const name of databasesOf(entries)) {
    const db = client.db(name);
    const taken = entries.filter((entry) => entry.db === name && state.has(occupantKey(name, entry.collection)));
    const listed = await listCollections(db);
    for (const { name: collection, kind } of [...listed.values()].sort((a, b) => compare(a.name, b.name)))
      if (!written.has(occupantKey(name, collection)) && !isInternal(collection))
        leftAlone.push({ db: name, collection, type: kind });
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
  return { standing, leftAlone };
}

function isInternal(collection: string): boolean {
  return collection.startsWith('system.') || collection.startsWith(temporaryPrefix) || isOwnNote(collection);
}
