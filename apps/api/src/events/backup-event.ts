import type { WatchedBackup } from '#catalog';
import { isCancelRequested, toError, toProgress } from '../backups/to-backup.js';
import type { Plain } from '../http/plain.js';
import type { BackupEventDto } from './events.dto.js';

/** What listeners are told of a backup, by name, so that a new field of the record stays inside until somebody lets it out. */
export function toBackupEvent(backup: WatchedBackup): Plain<BackupEventDto> {
  const { progress, status } = backup;
  return {
    backupId: backup.backupId,
    target: backup.target,
    trigger: backup.trigger,
    status,
    stage: backup.stage,
    attempt: backup.claim.fence,
    progress: toProgress(progress),
    remainingSeconds: status === 'in_progress' ? remainingSeconds(progress) : null,
    createdAt: backup.createdAt.toISOString(),
    startedAt: backup.startedAt?.toISOString() ?? null,
    completedAt: backup.completedAt?.toISOString() ?? null,
    size: backup.size,
    verified: backup.verificationStatus.verified,
    errorMessage: backup.errorMessage,
    error: toError(backup.error),
    pinned: backup.pinned,
    label: backup.label,
    cancelRequested: isCancelRequested(backup),
  };
}

/** An estimate of an estimate: what the source says of its size, at the rate so far. */
function remainingSeconds(progress: WatchedBackup['progress']): number | null {
  if (progress === null) return null;
  const { estimatedBytes, archiveBytes, bytesPerSecond } = progress;
  if (estimatedBytes === null || bytesPerSecond <= 0) return null;
  return Math.ceil(Math.max(0, estimatedBytes - archiveBytes) / bytesPerSecond);
}
