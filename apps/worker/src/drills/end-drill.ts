import { drillJob, type HeldClaim } from '#catalog';
import type { AppError, DrillRecord } from '#contracts';
import { retryPauseMs } from '../claims/retry-pause.js';
import { surely } from '../claims/surely.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';

export interface ClaimedDrill {
  readonly record: DrillRecord;
  readonly claim: HeldClaim;
  readonly log: WorkerLog;
}

/** How a run ended that gave no report: by why it was aborted, or by the error's retry class. The record when it is over; null when it goes on elsewhere. */
export async function endDrill(
  parts: WorkerParts,
  { record, claim, log }: ClaimedDrill,
  error: AppError,
): Promise<DrillRecord | null> {
  const { catalog, clock, config, tuning, random, queue } = parts;
  if (error.code === 'run/fenced') {
    log.info('drill left to another', { code: error.code, reason: error.message });
    return null;
  }
  if (error.code === 'run/cancelled') return surely(parts, log, () => catalog.drills.cancelled(claim.ref, clock.now()));
  const failure = { error, at: clock.now() };
  const isShutdown = error.code === 'worker-shutdown';
  if (!isShutdown && (error.retry !== 'retry' || record.failures + 1 >= config.attempts))
    return surely(parts, log, () => catalog.drills.fail(claim.ref, failure));
  const pauseMs = isShutdown ? 0 : retryPauseMs(record.failures, tuning, random);
  const at = new Date(clock.now().getTime() + pauseMs);
  const next = await surely(parts, log, () => catalog.drills.retryLater(claim.ref, failure, at));
  if (next === null) return null;
  log.failure('drill will be tried again', error, 'load', { nextAttemptAt: at });
  // A queue that is down is no loss: the reconciler adds the job of a record that is due.
  await queue.add({ ...drillJob(next), delayMs: pauseMs }).catch((trouble: unknown) => {
    log.failure('job not added', trouble, 'queue');
  });
  return null;
}
