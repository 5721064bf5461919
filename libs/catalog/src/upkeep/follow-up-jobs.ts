import type { BackupRecord, DrillRecord, JobRequest, RestoreRecord, TaskKind, TaskRecord } from '#contracts';

// Jobs by the state that asks for them. A finished job blocks its id for as long as the queue keeps it, so every id changes from try to try.

/** Makes the backup, or finishes its commit. */
export function backupJob({ backupId, jobNumber }: Pick<BackupRecord, 'backupId' | 'jobNumber'>): JobRequest<'backup'> {
  return { name: 'backup', payload: { backupId }, jobId: `${backupId}-${jobNumber}` };
}

export function taskJob({
  taskId,
  kind,
  jobNumber,
}: Pick<TaskRecord, 'taskId' | 'kind' | 'jobNumber'>): JobRequest<TaskKind> {
  return { name: kind, payload: { taskId }, jobId: `${taskId}-${jobNumber}` };
}

export function restoreJob({
  restoreId,
  jobNumber,
}: Pick<RestoreRecord, 'restoreId' | 'jobNumber'>): JobRequest<'restore'> {
  return { name: 'restore', payload: { restoreId }, jobId: `${restoreId}-${jobNumber}` };
}

export function drillJob({ drillId, jobNumber }: Pick<DrillRecord, 'drillId' | 'jobNumber'>): JobRequest<'drill'> {
  return { name: 'drill', payload: { drillId }, jobId: `${drillId}-${jobNumber}` };
}

/** Of a record that `beginDelete` marked; a refusal raises `jobNumber`, so that the next wish gets another job. */
export function deleteJob({ backupId, jobNumber }: Pick<BackupRecord, 'backupId' | 'jobNumber'>): JobRequest<'delete'> {
  return { name: 'delete', payload: { backupId }, jobId: `delete-${backupId}-${jobNumber}` };
}

/** Of a record whose rewrite was broken off between its two commits. */
export function recommitJob({
  backupId,
  jobNumber,
}: Pick<BackupRecord, 'backupId' | 'jobNumber'>): JobRequest<'recommit'> {
  return { name: 'recommit', payload: { backupId }, jobId: `recommit-${backupId}-${jobNumber}` };
}

/** For whoever changed the marks. */
export function marksJob({ backupId, marks }: Pick<BackupRecord, 'backupId' | 'marks'>): JobRequest<'marks'> {
  return { name: 'marks', payload: { backupId }, jobId: `marks-${backupId}-${marks.wanted}` };
}

/** For the reconciler, when that one ended without having written them. */
export function marksRetryJob(record: Pick<BackupRecord, 'backupId' | 'marks' | 'jobNumber'>): JobRequest<'marks'> {
  const first = marksJob(record);
  return { ...first, jobId: `${first.jobId}-${record.jobNumber}` };
}

/** `takes`: how often somebody took the right to deliver it; 0 for a new one. */
export function notifyJob(notificationId: string, takes = 0): JobRequest<'notify'> {
  return { name: 'notify', payload: { notificationId }, jobId: `${notificationId}-${takes}` };
}
