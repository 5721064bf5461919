import { AppError, marks as marksSchema, parseJson, type BackupJson, type Marks } from '#contracts';
import type { ObjectStore } from '#storage';
import { listBackups } from './list-backups.js';
import { requireBackupJson } from './objects/backup-json-file.js';
import { attemptFolder, backupFolder, backupJsonKey, leaseKey, marksKey, sidecarKey } from './objects/keys.js';

export interface DeleteRequest {
  readonly backupId: string;
  /** Lets the last good backup of a target go; nothing else. */
  readonly force: boolean;
}

/**
 * Removes a backup in the order of spec/objects.md: first the commit mark, so that at no moment a backup stands without its objects.
 * Refuses (`backup/refused`) a pinned one, one with a running attempt, and the last of its target unless forced. Unreadable marks count as pinned.
 */
export async function deleteBackup(
  store: ObjectStore,
  request: DeleteRequest,
  signal: AbortSignal,
): Promise<BackupJson> {
  const { backupId } = request;
  const backup = await requireBackupJson(store, backupId, signal);
  await refusePinned(store, backup, signal);
  await refuseRunning(store, backup, signal);
  await refuseLast(store, backup, request.force, signal);

  await store.delete(backupJsonKey(backupId), signal);
  await store.delete(marksKey(backupId), signal);
  const folder = backupFolder(backupId);
  const { manifest, data } = backup.objects;
  for (const { key } of [manifest, data]) {
    await store.delete(`${folder}${key}`, signal);
    await store.delete(sidecarKey(`${folder}${key}`), signal);
  }
  await store.delete(leaseKey(backupId, backup.attempt), signal);
  return backup;
}

async function refusePinned(store: ObjectStore, backup: BackupJson, signal: AbortSignal): Promise<void> {
  const marks = await readMarks(store, backup.backupId, signal);
  // Marks count where there are some; `pinned` of backup.json is the initial value.
  if (!(marks?.pinned ?? backup.pinned)) return;
  throw refused(backup.backupId, 'it is pinned', 'Unpin it first: hazina unpin');
}

async function readMarks(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<Marks | null> {
  try {
    const { bytes } = await store.getBytes(marksKey(backupId), 16 * 1024 * 1024, signal);
    return parseJson(marksSchema, bytes, {
      code: 'backup/damaged',
      stage: 'delete',
      what: `marks.json of ${backupId}`,
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return null;
    if (error instanceof AppError && error.code === 'backup/damaged') {
      throw refused(
        backupId,
        'its marks cannot be read, and may say that it is pinned',
        'Repair or remove marks.json in its folder first',
      );
    }
    throw error;
  }
}

async function refuseRunning(
  store: ObjectStore,
  { backupId, attempt }: BackupJson,
  signal: AbortSignal,
): Promise<void> {
  if ((await store.head(leaseKey(backupId, attempt), signal)) === null) return;
  throw refused(
    backupId,
    `${attemptFolder(backupId, attempt)} holds a lease: its attempt is about to end`,
    'Try again in a moment. If the process that made it was killed, remove lease.json by hand',
  );
}

async function refuseLast(store: ObjectStore, backup: BackupJson, force: boolean, signal: AbortSignal): Promise<void> {
  if (force) return;
  const { backups } = await listBackups(store, backup.target, signal);
  if (backups.some(({ backupId }) => backupId !== backup.backupId)) return;
  throw refused(
    backup.backupId,
    `it is the last backup of target ${backup.target}`,
    'Say --force if it shall go all the same',
  );
}

function refused(backupId: string, why: string, hint: string): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'delete',
    message: `${backupId} was not deleted: ${why}`,
    hint,
  });
}
