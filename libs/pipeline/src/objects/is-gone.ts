import { AppError, type BackupJson, type BackupRecord } from '#contracts';
import type { ObjectStore } from '#storage';
import { attemptFolder, backupFolder, backupJsonKey } from './keys.js';

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

/** The same, by what its record says of it: also where `backup.json` stands and an object that it names does not. */
export async function isGoneByRecord(
  store: ObjectStore,
  { backupId, commit }: Pick<BackupRecord, 'backupId' | 'commit'>,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await store.head(backupJsonKey(backupId), signal)) === null) return true;
  if (commit === null) return false;
  for (const name of ['data.hzn', 'manifest.hzn'])
    if ((await store.head(`${attemptFolder(backupId, commit.attempt)}${name}`, signal)) === null) return true;
  return false;
}
