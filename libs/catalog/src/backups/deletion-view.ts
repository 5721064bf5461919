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

async function viewOf(catalog: Catalog, backupId: string): Promise<RecordedDeletionView | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null) return null;
  const [isUsed, otherGood] = await Promise.all([
    catalog.tasks.uses(backupId),
    record.status === 'deleting' ? catalog.backups.otherGood(record) : [],
  ]);
  return {
    status: record.status,
    pinned: record.pinned,
    foundBad: isFoundBad(record),
    commitConflict: record.error?.code === 'commit/conflict',
    usedBy: isUsed ? 'a verification of it waits or runs' : null,
    otherGood,
  };
}
