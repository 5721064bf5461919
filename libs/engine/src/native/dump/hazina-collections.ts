import { BSON } from 'mongodb';
import { catalogueMarker, planCollection } from '../load/plan-types.js';
import type { ListedCollection } from './list-collections.js';
import type { Look } from './look.js';
import { listDocuments } from './raw-commands.js';

/** Is this the catalogue's own database? It holds a collection with one document to say so; it can be rebuilt from the store. */
export async function isCatalogue(
  { connection, session }: Look,
  listed: readonly ListedCollection[],
): Promise<boolean> {
  const marker = listed.find(({ name }) => name === catalogueMarker);
  if (marker === undefined) return false;
  const find = { find: catalogueMarker, filter: {}, limit: 1, singleBatch: true };
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
