import type { Catalog } from '#catalog';
import { AppError, isBackupId, type BackupRecord } from '#contracts';

/** The record of an id out of a path. A text that is no id is looked for nowhere: there is no such backup. */
export async function findBackup(catalog: Catalog, backupId: string): Promise<BackupRecord> {
  const record = isBackupId(backupId) ? await catalog.backups.find(backupId) : null;
  if (record === null) throw noSuchBackup();
  return record;
}

export function noSuchBackup(): AppError {
  return new AppError({
    code: 'backup/not-found',
    stage: 'request',
    message: 'There is no backup of this id',
    hint: 'GET /api/admin/backups lists them',
  });
}

/** What the state of a record, or something beside it, does not allow now. */
export function refused(message: string, hint: string): AppError {
  return new AppError({ code: 'backup/refused', stage: 'request', message, hint });
}

/** A backup that can be read by nobody now. */
export function notCompleted(record: BackupRecord): AppError {
  if (record.status === 'completed' && record.use.kind === 'rewrite')
    return refused('The backup is being sealed anew', 'Wait until it is over');
  return new AppError({
    code: 'backup/not-completed',
    stage: 'request',
    message: `The backup is ${record.status}, not completed`,
    hint:
      record.status === 'pending' || record.status === 'in_progress'
        ? 'Wait until it is over'
        : 'Take another backup: GET /api/admin/backups?status=completed lists them',
  });
}
