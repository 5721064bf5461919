import type { BackupState } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import { isFoundBad } from './is-good.js';

/** What the records say of a backup that is to go (the pipeline's `DeletionView`, in the same form). */
export interface RecordedDeletionView {
  readonly status: BackupState;
  readonly pinned: boolean;
  readonly foundBad: boolean;
  readonly commitConflict: boolean;
  readonly usedBy: string | null;
  readonly otherGood: readonly string[];
}

/** The records as a deletion sees them. */
export function deletionCatalog(catalog: Catalog): {
  view(backupId: string): Promise<RecordedDeletionView | null>;
} {
  return { view: (backupId) => viewOf(catalog, backupId) };
}

/** What uses a backup (spec/objects.md, "Deletion"), in words; null: nothing. */
export async function userOf({ tasks, restores, drills }: Catalog, backupId: string): Promise<string | null> {
  if (await tasks.uses(backupId)) return 'a verification of it waits or runs';
  if (await restores.uses(backupId)) return 'a restore of it waits or runs';
  return (await drills.uses(backupId)) ? 'a drill of it waits or runs' : null;
}

async function viewOf(catalog: Catalog, backupId: string): Promise<RecordedDeletionView | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null) return null;
  const [usedBy, otherGood] = await Promise.all([
    userOf(catalog, backupId),
    record.status === 'deleting' ? catalog.backups.otherGood(record) : [],
  ]);
  return {
    status: record.status,
    pinned: record.pinned,
    foundBad: isFoundBad(record),
    commitConflict: record.error?.code === 'commit/conflict',
    usedBy,
    otherGood,
  };
}
