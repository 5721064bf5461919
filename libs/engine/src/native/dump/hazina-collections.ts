import { BSON } from 'mongodb';
import { catalogueMarker, planCollection, scratchMarker } from '../load/plan-types.js';
import { isScratchName } from '../scratch/scratch-names.js';
import type { ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { listDocuments } from './raw-commands.js';

/** Is this the catalogue's own database? It holds a collection with one document to say so; it can be rebuilt from the store. */
export async function isCatalogue(
  { connection, session }: Look,
  listed: readonly ListedCollection[],
): Promise<boolean> {
  return isMarked({ connection, session }, listed, catalogueMarker);
}

/** Was this database made by a drill or a scratch restore? By its name and by its marker: it holds a copy of a backup, and may be dropped at any moment. */
export async function isScratch(look: Look, listed: readonly ListedCollection[]): Promise<boolean> {
  const [first] = listed;
  return first !== undefined && isScratchName(first.db) && (await isMarked(look, listed, scratchMarker));
}

async function isMarked(
  { connection, session }: Pick<Look, 'connection' | 'session'>,
  listed: readonly ListedCollection[],
  collection: string,
): Promise<boolean> {
  const marker = listed.find(({ name }) => name === collection);
  if (marker === undefined) return false;
  const find = { find: collection, filter: {}, limit: 1, singleBatch: true };
  return (await listDocuments(connection.db(marker.db), find, session)).length > 0;
}

/**
 * What a running or broken-off restore has lying about in a database: its plan and the temporaries that the plan names. What it moved out of the
 * way (`_hazina_old_…`) stays in the dump: those are somebody's documents, whatever becomes of the restore.
 */
export async function restoreLeftovers(
  { connection, session }: Look,
  listed: readonly ListedCollection[],
): Promise<ReadonlySet<string>> {
  const plan = listed.find(({ name }) => name === planCollection);
  if (plan === undefined) return new Set();
  const found = new Set([planCollection]);
  const documents = await listDocuments(connection.db(plan.db), { find: planCollection, filter: {} }, session);
  for (const document of documents)
    collectTemporaries(BSON.deserialize(document, { validation: { utf8: false } }), found);
  return found;
}

/** Fields `temporary` wherever they stand: plans of other versions are read too. */
function collectTemporaries(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'temporary' && typeof inner === 'string') found.add(inner);
    else collectTemporaries(inner, found);
  }
}
