import { z } from 'zod';
import { AppError, isBackupId, isDrillId, isRestoreId, type JobName, type JobPayloads } from '#contracts';

const ofBackup = z.object({ backupId: z.string().refine(isBackupId) });
const ofTask = z.object({ taskId: z.string().min(1).max(200) });
const payloads: { readonly [N in JobName]: z.ZodType<JobPayloads[N]> } = {
  backup: ofBackup,
  verify: ofTask,
  restore: z.object({ restoreId: z.string().refine(isRestoreId) }),
  drill: z.object({ drillId: z.string().refine(isDrillId) }),
  cleanup: ofTask,
  rotate: ofTask,
  sync: ofTask,
  delete: ofBackup,
  recommit: ofBackup,
  marks: ofBackup,
  notify: z.object({ notificationId: z.string().min(1).max(200) }),
};

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(payloads, name);
}

/** What stands in Redis is from outside. */
export function parsePayload<N extends JobName>(name: N, data: unknown): JobPayloads[N] {
  const parsed = payloads[name].safeParse(data);
  if (parsed.success) return parsed.data;
  throw new AppError({
    code: 'request/invalid',
    stage: 'queue',
    message: `A job "${name}" without the ids that it should carry`,
    hint: 'Is another program using the same Redis and REDIS_PREFIX?',
  });
}
