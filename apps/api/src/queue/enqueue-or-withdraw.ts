import { AppError, type JobRequest, type JobSink } from '#contracts';
import { tooLate, type Deadline } from '../http/deadline.js';
import type { ServiceLog } from '../logging/service-log.js';

/** A record that a request has just made, and that nobody has claimed yet. */
export interface FreshRecord {
  readonly id: string;
  readonly job: JobRequest;
  /** Takes the record back; false: somebody has claimed it. */
  readonly withdraw: () => Promise<boolean>;
}

const leftBehind = new WeakSet<Error>();

/**
 * The record's job, or neither job nor record: when the queue does not take it, or the client was told meanwhile that there was no answer. A job without a record
 * ends quietly. Where a worker was faster (the job had arrived after all, or a reconciler had found the record), it is what was asked for.
 */
export async function enqueueOrWithdraw(
  { id, job, withdraw }: FreshRecord,
  { queue, deadline, log }: { readonly queue: JobSink; readonly deadline: Deadline; readonly log: ServiceLog },
): Promise<void> {
  try {
    if (deadline.passed()) throw tooLate();
    await queue.add(job);
    if (deadline.passed()) throw tooLate();
  } catch (thrown) {
    const error = AppError.from(thrown, 'queue');
    const isWithdrawn = await withdraw().catch((trouble: unknown) => {
      // The reconciler finds the record and queues it: late, but not lost.
      log.failure(trouble, { id, consequence: 'the record stays and will be queued later' });
      leftBehind.add(error);
      return true;
    });
    if (isWithdrawn) throw error;
    log.warn('begun although its job was not confirmed', { id });
  }
}

/** The request that failed so may have made what it was to make: its record could not be taken back. */
export function mayStand(error: unknown): boolean {
  return error instanceof Error && leftBehind.has(error);
}
