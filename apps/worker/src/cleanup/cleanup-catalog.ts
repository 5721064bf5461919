import { cleanupCatalog as recordsOf } from '#catalog';
import { readSightingsFile, writeSightingsFile, type CleanupCatalog } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import { clearMissing, raiseMissing } from '../verifications/missing-alert.js';

/** The catalogue as a cleanup sees it; what it finds missing is told to people. */
export function cleanupCatalog(parts: WorkerParts, signal: AbortSignal): CleanupCatalog {
  const { catalog, clock, config, store } = parts;
  const { recordRetentionDays } = config;
  return {
    ...recordsOf(catalog, { clock, by: 'retention', recordRetentionDays }),
    async markMissing(backupId, missing) {
      const changed = await catalog.backups.markMissing(backupId, missing, clock.now());
      const record = changed ? await catalog.backups.find(backupId) : null;
      if (record === null) return;
      if (missing) await raiseMissing(parts, record, 'a complete listing of the store does not show it');
      else await clearMissing(parts, record, `Backup ${backupId} is in the store again`);
    },
    readSightings: () => readSightingsFile(store, signal),
    writeSightings: (sightings) => writeSightingsFile(store, sightings, signal),
  };
}
