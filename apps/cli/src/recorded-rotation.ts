import type { Catalog } from '#catalog';
import type { Clock } from '#contracts';
import { requireStore, type RotationCatalog } from '#pipeline';
import type { ObjectStore } from '#storage';

/** The records of a service, as a rotation by the command line keeps them. */
export function rotationCatalog({ settings, backups }: Catalog, store: ObjectStore, clock: Clock): RotationCatalog {
  return {
    async requireStore(signal) {
      await requireStore(store, await settings.storeId(), signal);
    },
    async keysOf(backupId, keyIds) {
      await backups.rekeyed(backupId, keyIds, clock.now());
    },
  };
}
