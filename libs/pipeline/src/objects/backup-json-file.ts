import { AppError, backupJson, parseJson, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { backupJsonKey } from './keys.js';
import { readIfThere } from './read-if-there.js';

/** A backup's `backup.json`; null when there is none: no `backup.json`, no backup. A text that is none, or that names another backup, is an error. */
export async function readBackupJson(
  store: ObjectStore,
  backupId: string,
  signal: AbortSignal,
): Promise<BackupJson | null> {
  const file = await readIfThere(store, backupJsonKey(backupId), signal);
  return file === null ? null : parseBackupJson(file.bytes, backupId);
}

/** Like `readBackupJson`, and a backup that does not exist is `backup/not-found`. */
export async function requireBackupJson(
  store: ObjectStore,
  backupId: string,
  signal: AbortSignal,
): Promise<BackupJson> {
  const backup = await readBackupJson(store, backupId, signal);
  if (backup !== null) return backup;
  throw new AppError({
    code: 'backup/not-found',
    stage: 'arguments',
    message: `There is no backup ${backupId} in ${store.location}`,
    hint: 'hazina list shows every backup; a folder without backup.json was never finished',
  });
}

/** The bytes of a `backup.json` found in the folder of `backupId`. */
export function parseBackupJson(bytes: Uint8Array, backupId: string): BackupJson {
  const backup = parseJson(backupJson, bytes, {
    code: 'backup/damaged',
    stage: 'open',
    what: `backup.json of ${backupId}`,
    hint: 'It is damaged or written by a newer version; the sealed manifest beside the data still tells what the backup holds',
  });
  if (backup.backupId !== backupId || !backupId.startsWith(`${backup.target}-`)) {
    throw new AppError({
      code: 'backup/mismatch',
      stage: 'open',
      message: `backup.json in the folder of ${backupId} belongs to ${backup.backupId} of target ${backup.target}`,
      hint: 'Somebody copied or edited it: restore another backup',
    });
  }
  return backup;
}

/** The exact bytes to commit. */
export function encodeBackupJson(backup: BackupJson): Buffer {
  return Buffer.from(`${JSON.stringify(backup, null, 1)}\n`);
}
