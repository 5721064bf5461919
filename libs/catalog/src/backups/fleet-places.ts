import type { BackupRecord } from '#contracts';
import type { BackupRepository } from '../contract/backups.js';
import { op } from '../store/record-collection.js';
import { claimable, claimOf } from './backup-claims.js';
import { toBackupRecord, type Backups } from './backup-record.js';

type Fleet = Pick<BackupRepository, 'claimWithin' | 'freePlaces'>;

/**
 * So many backups of all workers at the same time: each that runs holds one of as many places, and a unique index keeps two from holding the same. Whatever ends
 * or hands back a run gives up its place in the same update.
 */
export function fleetPlaces(backups: Backups): Fleet {
  const takenPlaces = async (): Promise<ReadonlySet<string>> => {
    const holders = await backups.find({ fleetPlace: op({ $type: 'string' }) }, { only: ['fleetPlace'] });
    return new Set(holders.flatMap(({ fleetPlace }) => fleetPlace ?? []));
  };

  return {
    async claimWithin(backupId, owner, at, places): Promise<BackupRecord | 'full' | null> {
      const taken = await takenPlaces();
      // Also where a lower limit is in force than when they began.
      const free = taken.size >= places ? [] : placesOf(places).filter((place) => !taken.has(place));
      const claim = claimOf(owner, at);
      for (const fleetPlace of free) {
        const $set = { ...claim.$set, fleetPlace };
        const claimed = await backups.updateUnlessTaken(claimable(backupId), { ...claim, $set });
        if (claimed !== null) return toBackupRecord(claimed);
        if (!(await backups.exists(claimable(backupId)))) return null;
        // Somebody was faster with this place.
      }
      return (await backups.exists(claimable(backupId))) ? 'full' : null;
    },

    async freePlaces(places) {
      return Math.max(0, places - (await takenPlaces()).size);
    },
  };
}

function placesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}
