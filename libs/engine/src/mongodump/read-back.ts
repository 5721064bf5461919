import type { Secret } from '#contracts';
import { connect, type Connection } from '../connection/index.js';
import { indexesNotKept, optionsNotKept } from '../native/load/compare-definitions.js';
import { indexDefinition } from '../native/load/collection-spec.js';
import { onTarget } from '../native/load/target-errors.js';
import { listCollections, listIndexes, type ListedCollection } from '../native/load/target-state.js';
import type { RestoredEntry } from './restored-entries.js';

/** What the target has of a namespace after mongorestore has ended well. */
export interface FoundNamespace {
  readonly indexes: number;
  /** What the server did not keep, in words. */
  readonly notKept: readonly string[];
  /** What is not there at all. */
  readonly missing: readonly string[];
}

/** Throws the errors of the target's side. */
export type ReadBack = (
  uri: Secret,
  entries: readonly RestoredEntry[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<RestoredEntry, FoundNamespace>>;

/** Kinds, options and indexes of what was restored, against the archive's metadata. Documents are not read. */
export const readBackTarget: ReadBack = async (uri, entries, signal) => {
  const connection = await connect(uri, 'target', { signal });
  try {
    return await onTarget('compare', () => compareAll(connection.client, entries));
  } finally {
    await connection.close();
  }
};

async function compareAll(
  client: Connection['client'],
  entries: readonly RestoredEntry[],
): Promise<Map<RestoredEntry, FoundNamespace>> {
  const found = new Map<RestoredEntry, FoundNamespace>();
  for (const [name, group] of Map.groupBy(entries, ({ db }) => db)) {
    const listed = await listCollections(client.db(name));
    for (const entry of group) found.set(entry, await compare(client, entry, listed.get(entry.collection)));
  }
  return found;
}

async function compare(
  client: Connection['client'],
  { db, collection, kind, spec }: RestoredEntry,
  listed: ListedCollection | undefined,
): Promise<FoundNamespace> {
  const name = kind === 'timeseries' ? 'time series' : kind;
  if (listed === undefined) return { indexes: 0, notKept: [], missing: [`the ${name} itself`] };
  if (listed.kind !== kind) {
    const instead = [`the ${name} itself: the server made a ${listed.kind} of it`];
    // A view that is none loses no data.
    return { indexes: 0, notKept: kind === 'view' ? instead : [], missing: kind === 'view' ? [] : instead };
  }
  const indexes = kind === 'view' ? [] : await listIndexes(client.db(db), collection);
  return {
    indexes: indexes.length,
    notKept: [
      ...optionsNotKept(spec.options, listed.options),
      ...indexesNotKept(spec.indexes.map(indexDefinition), indexes),
    ],
    missing: [],
  };
}
