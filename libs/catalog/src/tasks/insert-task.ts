import type { TaskRecord } from '#contracts';
import type { Backups } from '../backups/backup-record.js';
import { usable } from '../backups/usable.js';
import type { TaskRepository } from '../contract/tasks.js';
import { never } from '../schemas/backup.schema.js';
import { sequenceOf, type Tasks } from './task-record.js';

type Insertion = Pick<TaskRepository, 'insert' | 'withdraw' | 'nextVerificationNumber' | 'uses'>;

/**
 * How verifications and cleanups come in. A verification is a use of its backup (spec/objects.md, "Deletion"): it is inserted first and looks at the
 * backup then, as a deletion marks first and looks for uses then; so at least one of the two gives way.
 */
export function taskInsertion(tasks: Tasks, backups: Backups): Insertion {
  async function withdraw(taskId: string): Promise<boolean> {
    const task = await tasks.findOne({ taskId, ...unclaimed });
    if (task === null) return false;
    // First: should this end here, the reconciler finds the task and gives it a job.
    if (task.backupId !== null) await forgetRequest(backups, task.backupId);
    return tasks.remove({ taskId, ...unclaimed });
  }

  return {
    withdraw,

    async insert(task) {
      const { taskId, kind, createdAt, correlationId, backupId, level, cleanup, rotation = null, sync = null } = task;
      const fields = { taskId, kind, createdAt, correlationId, backupId, level, cleanup, rotation, sync };
      const inserted = await tasks.insert({
        ...fields,
        status: 'pending',
        jobNumber: 1,
        sequence: kind === 'verify' ? sequenceOf(taskId) : null,
        ...(kind === 'verify' && backupId !== null ? { open: backupId } : {}),
      });
      if (kind !== 'verify' || backupId === null) return inserted !== null;
      // Also when another verification was there: it was asked for, whoever forgot to note it.
      const asked = await backups.change(usable(backupId), { $max: { verifyFrom: createdAt } });
      if (inserted !== null && !asked) await tasks.remove({ taskId, ...unclaimed });
      return inserted !== null && asked;
    },

    async nextVerificationNumber(backupId) {
      const newest = await tasks.findOne({ backupId }, { sort: { sequence: -1 }, only: ['sequence'] });
      const backup = await backups.findOne({ backupId }, { only: ['verifications'] });
      const known = (backup?.verifications ?? []).map(({ verificationId }) => sequenceOf(verificationId) ?? 0);
      return Math.max(newest?.sequence ?? 0, ...known, 0) + 1;
    },

    uses: (backupId) => tasks.exists({ open: backupId }),
  };
}

const unclaimed = { status: 'pending', 'claim.fence': 0 } as const satisfies Record<
  string,
  TaskRecord['status'] | number
>;

/** As if the verification had never been asked for. */
async function forgetRequest(backups: Backups, backupId: string): Promise<void> {
  const backup = await backups.findOne({ backupId }, { only: ['verifications', 'lastProvenAt'] });
  if (backup === null) return;
  const verifyFrom = backup.verifications.length === 0 ? never : (backup.lastProvenAt ?? never);
  await backups.change({ backupId }, { $set: { verifyFrom } });
}
