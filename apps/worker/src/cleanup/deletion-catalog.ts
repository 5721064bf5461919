import type { Catalog } from '#catalog';
import type { BackupRecord } from '#contracts';
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
    usedBy: isUsed ? 'a verification of it waits or runs' : null,
    otherGood: others
      .filter((other) => other.backupId !== backupId && isGood(other))
      .map((other) => other.backupId)
      .reverse(),
  };
}

/** Completed, and its newest verdict is not that it is damaged. A verification that could not be made is no verdict. */
export function isGood({ status, verifications }: BackupRecord): boolean {
  const verdicts = verifications.filter(
    (verification) =>
      verification.status === 'completed' ||
      (verification.status === 'failed' && verification.error?.retryable !== true),
  );
  return status === 'completed' && verdicts.at(-1)?.status !== 'failed';
}
