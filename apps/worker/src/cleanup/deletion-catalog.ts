import { isGood, type Catalog } from '#catalog';
import type { DeletionCatalog, DeletionView } from '#pipeline';

/** The catalogue as a deletion sees it. */
export function deletionCatalog(catalog: Catalog): DeletionCatalog {
  return { view: (backupId) => viewOf(catalog, backupId) };
}

async function viewOf(catalog: Catalog, backupId: string): Promise<DeletionView | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null) return null;
  const [isUsed, others] = await Promise.all([
    catalog.tasks.uses(backupId),
    record.status === 'deleting' ? catalog.backups.completed(record.target) : [],
  ]);
  return {
    status: record.status,
    pinned: record.pinned,
    commitConflict: record.error?.code === 'commit/conflict',
    usedBy: isUsed ? 'a verification of it waits or runs' : null,
    otherGood: others
      .filter((other) => other.backupId !== backupId && isGood(other))
      .map((other) => other.backupId)
      .reverse(),
  };
}
