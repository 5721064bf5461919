import { AppError, type BackupJson, type Clock } from '#contracts';
import type { ObjectStore } from '#storage';
import type { Refusal } from './delete/find-refusal.js';
import { requireBackupJson } from './objects/backup-json-file.js';
import { runDelete, type DeleteRequest } from './run-delete.js';

/** Removes a backup by the bucket alone, for the command line. Throws `backup/not-found`, `backup/refused`. */
export async function deleteBackup(
  deps: { readonly store: ObjectStore; readonly clock: Clock },
  request: DeleteRequest,
  signal: AbortSignal,
): Promise<BackupJson> {
  const backup = await requireBackupJson(deps.store, request.backupId, signal);
  const result = await runDelete(deps, request, signal);
  if (result.outcome === 'deleted') return backup;
  throw refusedDeletion(request.backupId, result);
}

/** `backup/refused`, with what the operator can do. */
export function refusedDeletion(backupId: string, { reason, message }: Refusal): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'delete',
    message: `${backupId} was not deleted: ${message}`,
    hint: hints[reason],
  });
}

const hints: Readonly<Record<Refusal['reason'], string>> = {
  'not-deleting': 'Try again',
  unreadable: 'backup.json is damaged or was written by a newer version',
  'in-use': 'Try again when it is over',
  pinned: 'Unpin it first: hazina unpin; marks.json that cannot be read must be repaired or removed by hand',
  locked: 'Ask again when the lock has ended; retention removes it by itself then',
  'last-good': 'Say --force if it shall go all the same',
};
