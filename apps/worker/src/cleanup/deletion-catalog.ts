import { isGood, type Catalog } from '#catalog';
import type { DeletionCatalog, DeletionView } from '#pipeline';

/** The catalogue as a deletion sees it. */
export function deletionCatalog(catalog: Catalog): DeletionCatalog {
  return { view: (backupId) => viewOf(catalog, backupId) };
}

/** What uses a backup (spec/objects.md, "Deletion"), in words; null: nothing. */
export async function userOf({ tasks, restores }: Catalog, backupId: string): Promise<string | null> {
  if (await tasks.uses(backupId)) return 'a verification of it waits or runs';
  return (await restores.uses(backupId)) ? 'a restore of it waits or runs' : null;
}

async function viewOf(catalog: Catalog, backupId: string): Promise<DeletionView | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null) return null;
  const [usedBy, others] = await Promise.all([
    userOf(catalog, backupId),
    record.status === 'deleting' ? catalog.backups.completed(record.target) : [],
  ]);
  return {
    status: record.status,
    pinned: record.pinned,
    commitConflict: record.error?.code === 'commit/conflict',
    usedBy,
    otherGood: others
      .filter((other) => other.backupId !== backupId && isGood(other))
      .map((other) => other.backupId)
      .reverse(),
  };
}
