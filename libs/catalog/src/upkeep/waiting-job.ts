import type { BackupRecord, DrillRecord, JobRequest, RestoreRecord, TaskRecord } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import { drillJob, restoreJob, taskJob } from './follow-up-jobs.js';

/** The job that a record waits for. */
export interface WaitingJob {
  readonly job: JobRequest;
  /** The one that takes its place, under the record's next number; null: somebody else gave it one meanwhile. */
  readonly next: () => Promise<JobRequest | null>;
}

export function jobOfTask({ tasks }: Pick<Catalog, 'tasks'>, task: TaskRecord): WaitingJob {
  return waiting(task, (seen) => tasks.nextJob(task.taskId, seen), taskJob);
}

export function jobOfRestore({ restores }: Pick<Catalog, 'restores'>, restore: RestoreRecord): WaitingJob {
  return waiting(restore, (seen) => restores.nextJob(restore.restoreId, seen), restoreJob);
}

export function jobOfDrill({ drills }: Pick<Catalog, 'drills'>, drill: DrillRecord): WaitingJob {
  return waiting(drill, (seen) => drills.nextJob(drill.drillId, seen), drillJob);
}

/** Of a backup there are several: `make` says which. */
export function jobOfBackup(
  { backups }: Pick<Catalog, 'backups'>,
  backup: BackupRecord,
  make: (backup: BackupRecord) => JobRequest,
): WaitingJob {
  return waiting(backup, (seen) => backups.nextJob(backup.backupId, seen), make);
}

function waiting<R extends { readonly jobNumber: number }>(
  record: R,
  nextJob: (seen: number) => Promise<number | null>,
  make: (record: R) => JobRequest,
): WaitingJob {
  return {
    job: make(record),
    next: async () => {
      const jobNumber = await nextJob(record.jobNumber);
      return jobNumber === null ? null : make({ ...record, jobNumber });
    },
  };
}
