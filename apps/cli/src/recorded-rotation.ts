import { rotationCatalog as recordsOf, type Catalog } from '#catalog';
import type { CatalogAccess } from '#config';
import { requireStore, type PlacesCatalog } from '#pipeline';
import type { ObjectStore } from '#storage';
import type { CliContext } from './context.js';
import { ownerOf } from './open-catalog.js';

/** The records of a service, as a rotation by the command line keeps them. */
export function rotationCatalog(
  catalog: Catalog,
  store: ObjectStore,
  { leaseMs, beatMs }: CatalogAccess,
  context: CliContext,
): PlacesCatalog {
  return recordsOf(catalog, {
    clock: context.clock,
    owner: ownerOf(context),
    lease: { leaseMs, beatMs },
    onTrouble: (error) =>
      context.warn(`A heart-beat failed: ${error instanceof Error ? error.message : String(error)}`),
    async requireStore(signal) {
      await requireStore(store, await catalog.settings.storeId(), signal);
    },
  });
}
