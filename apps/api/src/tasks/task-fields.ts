import type { TaskRecord } from '#contracts';
import { toError } from '../backups/to-backup.js';

/** What replies tell of every task. */
export function taskFields(task: TaskRecord) {
  return {
    status: task.status,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
    correlationId: task.correlationId,
    errorMessage: task.errorMessage,
    error: toError(task.error),
  };
}
