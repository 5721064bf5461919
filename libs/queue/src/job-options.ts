import type { JobsOptions } from 'bullmq';
import { AppError, type JobName, type JobRequest } from '#contracts';

// The record is the history; finished jobs stay a while for people who look into Redis. Their age is looked at only when another job ends.
const kept = { count: 1000, age: 7 * 24 * 3600 };

/** How a job is queued: the one place that knows. Attempts are always 1: the record alone retries (docs/DESIGN.md). */
export function jobOptions(request: JobRequest): JobsOptions {
  return {
    jobId: checkedJobId(request.jobId),
    attempts: 1,
    ...keptAfterEnd(request.name),
    ...(request.delayMs === undefined || request.delayMs <= 0 ? {} : { delay: Math.ceil(request.delayMs) }),
    ...priorityOf(request.name),
  };
}

/** A notification is told by its own record; an ended job must not block the id of its next try. */
function keptAfterEnd(name: JobName): Pick<JobsOptions, 'removeOnComplete' | 'removeOnFail'> {
  return name === 'notify'
    ? { removeOnComplete: true, removeOnFail: true }
    : { removeOnComplete: kept, removeOnFail: kept };
}

/** BullMQ takes jobs without a priority first, then from 1 upwards. Each queue has its own order; queues do not wait for each other. */
function priorityOf(name: JobName): { priority?: number } {
  switch (name) {
    case 'backup':
    case 'verify':
    case 'restore':
    case 'drill':
    case 'notify':
      return {};
    // The queue of cleanups: what a person asked for is short and goes before a whole cleanup.
    case 'marks':
    case 'recommit':
      return { priority: 1 };
    case 'delete':
      return { priority: 2 };
    case 'cleanup':
    case 'rotate':
    case 'sync':
      return { priority: 3 };
  }
}

/** Redis keys are joined by `:`, and BullMQ takes digits for its own ids: such a job would be lost or mistaken for another. */
function checkedJobId(jobId: string): string {
  if (jobId !== '' && jobId.length <= 200 && !jobId.includes(':') && !/^\d+$/.test(jobId)) return jobId;
  throw new AppError({
    code: 'internal/unexpected',
    stage: 'queue',
    message: 'A job id must have 1 to 200 characters, no ":" and not only digits',
    hint: 'A fault of Hazina itself: report it',
    details: { jobId: jobId.slice(0, 200) },
  });
}
