import { backupJob, shuttingDown, type HeldClaim } from '#catalog';
import { AppError, type BackupRecord, type JobRequest, type RunResources } from '#contracts';
import { retryPauseMs } from '../claims/retry-pause.js';
import { surely } from '../claims/surely.js';
import { blackoutEnd } from './blackout-end.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { ClaimedBackup } from './claimed-backup.js';

export type BackupEnding =
  /** Not ours any more: nothing was written. */
  | { readonly state: 'fenced'; readonly error: AppError }
  /** Back in the queue, to be tried at `at`. */
  | { readonly state: 'pending'; readonly error: AppError; readonly at: Date }
  | { readonly state: 'failed'; readonly error: AppError }
  | { readonly state: 'cancelled' };

/** After commit (1) a run is only finished: its pauses stay short. */
const mostCommittedFailures = 5;

/** How a run ended that did not succeed: by the error's retry class, or by why it was aborted; never by a text. Writes it to the record. */
export async function endBackup(
  parts: WorkerParts,
  claimed: ClaimedBackup,
  thrown: unknown,
  context: { readonly log: WorkerLog; readonly resources: RunResources },
): Promise<BackupEnding> {
  const { record, claim } = claimed;
  const error = causeOf(thrown, claim);
  const isCommitted = error.details['committed'] === true;
  const now = parts.clock.now();
  if (error.code === 'run/fenced' && error.retry === 'no-retry') return { state: 'fenced', error };
  if (error.code === 'run/cancelled' && !isCommitted) {
    const isCancelled = await surely(parts, context.log, () => parts.catalog.backups.cancelled(claim.ref, now));
    // Refused: its commit was recorded meanwhile, and is to be finished.
    return isCancelled ? { state: 'cancelled' } : later(parts, claimed, error, now, context.log);
  }
  if (error.code === 'worker-shutdown' || error.code === 'run/cancelled')
    return later(parts, claimed, error, now, context.log);

  const { attempts } = parts.config;
  if (error.retry === 'retry' && (isCommitted || record.failures + 1 < attempts))
    return later(parts, claimed, error, nextAttempt(parts, record, isCommitted), context.log);
  const failure = { error, at: now };
  const isFailed = await surely(parts, context.log, () =>
    parts.catalog.backups.fail(claim.ref, failure, context.resources),
  );
  if (isFailed) return { state: 'failed', error };
  // Refused: nobody could tell whether the commit was recorded, and it was.
  return later(parts, claimed, error, nextAttempt(parts, record, true), context.log);
}

/** Why a run was aborted says more than what broke by it; unless its commit stands, which is to be finished. */
function causeOf(thrown: unknown, { signal, ref }: HeldClaim): AppError {
  const error = AppError.from(thrown, 'dump');
  const reason: unknown = signal.reason;
  if (!signal.aborted || !(reason instanceof AppError)) return error;
  if (reason.code === 'run/fenced') return reason;
  if (error.details['committed'] !== true) return reason;
  return reason.code === 'worker-shutdown' ? shuttingDown(ref.id) : error;
}

function nextAttempt(parts: WorkerParts, record: BackupRecord, isCommitted: boolean): Date {
  const { clock, tuning, random } = parts;
  const before = isCommitted ? Math.min(record.claim.fence - 1, mostCommittedFailures) : record.failures;
  const at = new Date(clock.now().getTime() + retryPauseMs(before, tuning, random));
  return isCommitted ? at : (blackoutEnd(parts, record, at) ?? at);
}

/** `in_progress → pending`, with the job of the next try. */
async function later(
  parts: WorkerParts,
  { claim }: ClaimedBackup,
  error: AppError,
  at: Date,
  log: WorkerLog,
): Promise<BackupEnding> {
  const failure = { error, at: parts.clock.now() };
  const record = await surely(parts, log, () => parts.catalog.backups.retryLater(claim.ref, failure, at));
  if (record === null) return { state: 'fenced', error };
  if (record.status === 'cancelled') return { state: 'cancelled' };
  await enqueue(parts, log, { ...backupJob(record), delayMs: at.getTime() - parts.clock.now().getTime() });
  return { state: 'pending', error, at };
}

/** A queue that is down is no loss: the reconciler adds the job of a record that is due. */
async function enqueue({ queue }: WorkerParts, log: WorkerLog, job: JobRequest): Promise<void> {
  try {
    await queue.add(job);
  } catch (error) {
    log.failure('job not added', error, 'queue', { jobId: job.jobId });
  }
}
