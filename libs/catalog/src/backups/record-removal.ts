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

/**
 * What a deletion that removed nothing leaves of the record (the pipeline's `DeleteResult`, in the same form). `waits`: it stays `deleting`, and goes when its use is over;
 * `refused`: it is again what it was, or `missing`.
 */
export async function recordRefusal(
  backups: Pick<BackupRepository, 'refuseDelete' | 'deferDelete'>,
  backupId: string,
  result: { readonly message: string } & (
    { readonly outcome: 'waits' } | { readonly outcome: 'refused'; readonly isGone: boolean }
  ),
  at: Date,
): Promise<'refused' | 'waits'> {
  if (result.outcome === 'waits')
    return (await backups.deferDelete(backupId, result.message, at)) ? 'waits' : 'refused';
  await backups.refuseDelete(backupId, result.message, at, result.isGone);
  return 'refused';
}
