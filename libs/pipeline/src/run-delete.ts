import { AppError, type BackupJson, type Clock } from '#contracts';
import type { ObjectStore } from '#storage';
import type { DeletionCatalog } from './deps.js';
import { findRefusal, type Refusal } from './delete/find-refusal.js';
import { removeBackup } from './delete/remove-backup.js';
import { readBackupJson } from './objects/backup-json-file.js';

export interface DeleteDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Absent: the bucket alone decides. */
  readonly catalog?: DeletionCatalog;
}

export interface DeleteRequest {
  readonly backupId: string;
  /** Lets the last good backup of a target go; nothing else. */
  readonly force: boolean;
}

export type DeleteResult =
  /** Nothing of it is left. `backup` is what stood; null when `backup.json` had gone already. */
  | { readonly outcome: 'deleted'; readonly freedBytes: number; readonly backup: BackupJson | null }
  /** Nothing was removed now: it is in use, and its removal was begun or its `backup.json` was lost. The record stays `deleting`: it goes when the use is over. */
  | ({ readonly outcome: 'waits' } & Refusal)
  /** Nothing was removed. `isGone`: there is no `backup.json`, so it is not the backup again that it was. */
  | ({ readonly outcome: 'refused'; readonly isGone: boolean } & Refusal);

/**
 * Removes a backup whose record is `deleting` (without catalogue: any). Everything that stands against it is looked at again here, after the record was marked, so
 * that two simultaneous deletions of the last two good ones are safe. Then it goes in the order of spec/objects.md: first the commit mark, so that at no moment a
 * backup stands without its objects. Repeatable: what was begun (no `backup.json` any more) is finished. An error says in its details
 * (`standing`) whether `backup.json` stands still; what a lock or a missing right refuses is `store/locked` or `store/refused` of retry class `retry`.
 */
export async function runDelete(
  deps: DeleteDeps,
  { backupId, force }: DeleteRequest,
  signal: AbortSignal,
): Promise<DeleteResult> {
  const record = (await deps.catalog?.view(backupId)) ?? null;
  if (deps.catalog !== undefined && record?.status !== 'deleting' && record?.status !== 'deleted')
    return {
      ...{ outcome: 'refused', isGone: false, reason: 'not-deleting' },
      message: `its record is ${record?.status ?? 'not there'}`,
    };

  let backup: BackupJson | null;
  try {
    backup = await readBackupJson(deps.store, backupId, signal);
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('backup/')) throw error;
    return { outcome: 'refused', isGone: false, reason: 'unreadable', message: error.message };
  }
  // A deleted record's backup.json was put by an attempt that had been asleep: nothing is left to be asked.
  if (record?.status !== 'deleted') {
    const refusal = await findRefusal(deps, { backupId, backup }, record, force, signal);
    if (refusal?.reason === 'in-use' && backup === null) return { outcome: 'waits', ...refusal };
    if (refusal !== null) return { outcome: 'refused', isGone: backup === null, ...refusal };
  }
  const freedBytes = await removeBackup(deps.store, backupId, signal);
  return { outcome: 'deleted', freedBytes, backup };
}
