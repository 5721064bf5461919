import { AppError, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { backupFolder, backupJsonKey } from './keys.js';

/** Whether a backup is not there, by definite answers on each of its keys: `backup.json`, or an object that it names. */
export async function isGone(
  store: ObjectStore,
  backupId: string,
  commit: BackupJson | AppError | null,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await store.head(backupJsonKey(backupId), signal)) === null) return true;
  if (commit === null || commit instanceof AppError) return false;
  for (const { key } of [commit.objects.data, commit.objects.manifest])
    if ((await store.head(`${backupFolder(backupId)}${key}`, signal)) === null) return true;
  return false;
}
