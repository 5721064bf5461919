import type { BackupRepository } from '../contract/backups.js';

/**
 * `deleting → deleted`, when nothing of the backup is in the store any more. A second deletion of it may have been refused meanwhile, over a use that began when the first
 * one had looked: what is gone is deleted all the same, and nobody needs to be told that it is missing.
 */
export async function recordRemoval(
  backups: Pick<BackupRepository, 'deleted' | 'beginDelete'>,
  backupId: string,
  { by, at, cause = by }: { readonly by: string; readonly at: Date; readonly cause?: string },
): Promise<void> {
  if (await backups.deleted(backupId, at)) return;
  if ((await backups.beginDelete(backupId, by, at, { cause })) !== null) await backups.deleted(backupId, at);
}
