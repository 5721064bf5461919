import { cancelWished, isPoisonous, restoreJob } from '#catalog';
import { AppError, type RestoreRecord } from '#contracts';
import { retryPauseMs } from '../claims/retry-pause.js';
import { surely } from '../claims/surely.js';
import type { HeldClaim } from '#catalog';
import type { WorkerParts } from '../core/worker-core.js';
import { clearTarget, leftNote, triesAgain } from './clear-target.js';
import { dropScratchOf, dropScratchWhileHeld } from './drop-scratch.js';
import { inApiWords } from './in-api-words.js';
import type { ClaimedRestore } from './claimed-restore.js';

export type RestoreEnding =
  /** Not ours any more: nothing was written. */
  | { readonly state: 'fenced'; readonly error: AppError }
  /** Back in the queue, to be tried at `at`. */
  | { readonly state: 'pending'; readonly error: AppError; readonly at: Date }
  | { readonly state: 'failed'; readonly error: AppError; readonly record: RestoreRecord }
  | { readonly state: 'cancelled'; readonly record: RestoreRecord };

/** How a run ended that did not succeed: by why it was aborted, or by the error's retry class; never by a text. Writes it to the record. */
export async function endRestore(parts: WorkerParts, claimed: ClaimedRestore, thrown: unknown): Promise<RestoreEnding> {
  const { catalog, clock, config } = parts;
  const { record, claim, log } = claimed;
  const error = inApiWords(causeOf(thrown, claim));
  if (error.code === 'run/fenced') return { state: 'fenced', error };
  const isShutdown = error.code === 'worker-shutdown';
  if (error.code === 'run/cancelled' || (!isShutdown && isWished(claimed, error))) return cancel(parts, claimed, error);
  if (isShutdown || (error.retry === 'retry' && record.failures + 1 < config.attempts))
    return later(parts, claimed, error);
  // What failed for good is nobody's any more, half-done renames of a scratch restore included: another restore gets names of its own.
  const scratch = await dropScratchWhileHeld(parts, claimed);
  const left = await clearTarget(parts, claimed);
  const matters = left !== null && error.code !== 'restore/unfinished';
  if (matters && triesAgain(parts, record, left)) return later(parts, claimed, error);
  const note = matters ? leftNote(record, left) : scratch;
  // Who is here only to look tells what stands there: half-done renames, which the same restore finishes.
  const isHalfDone = isPoisonous(record) && left?.code === 'restore/unfinished';
  const told = isHalfDone ? left : note === null ? error : withNote(error, note);
  const failed = await surely(parts, log, () => catalog.restores.fail(claim.ref, { error: told, at: clock.now() }));
  return failed === null ? { state: 'fenced', error } : { state: 'failed', error: told, record: failed };
}

/** Somebody wished to cancel before this run began: it had only to clean up. */
function isWished({ record, observer }: ClaimedRestore, error: AppError): boolean {
  return observer.mayLeave && record.cancelRequestedAt !== null && error.code !== 'restore/unfinished';
}

async function cancel(parts: WorkerParts, claimed: ClaimedRestore, error: AppError): Promise<RestoreEnding> {
  const { catalog, clock } = parts;
  const { record, claim, log } = claimed;
  const scratch = await dropScratchWhileHeld(parts, claimed);
  const left = await clearTarget(parts, claimed);
  // What only goes forward needs its backup: the run that reaches it finishes, whatever was wished.
  const goesForward = left?.code === 'restore/unfinished' && record.failures + 1 < parts.config.attempts;
  if (left !== null && (goesForward || triesAgain(parts, record, left))) return later(parts, claimed, left);
  // The loader's own word of what it left is over with a second look; of a scratch restore there is none.
  const isOwnWord = record.mode === 'scratch' && error.hint !== cancelWished(record.restoreId).hint;
  const word = scratch ?? (isOwnWord ? (error.hint ?? null) : null);
  const note = left === null ? word : leftNote(record, left);
  const cancelled = await surely(parts, log, () => catalog.restores.cancelled(claim.ref, clock.now(), note));
  return cancelled === null ? { state: 'fenced', error } : { state: 'cancelled', record: cancelled };
}

function withNote(error: AppError, note: string): AppError {
  const { code, stage, message, retry, details } = error;
  const hint = error.hint === undefined ? note : `${error.hint}. ${note}`;
  return new AppError({ code, stage, message, hint, retry, details, cause: error });
}

/** Why a run was aborted says more than what broke by it; unless its renames had begun, which nothing but their own error ends. */
function causeOf(thrown: unknown, { signal }: HeldClaim): AppError {
  const error = AppError.from(thrown, 'load');
  const reason: unknown = signal.reason;
  if (!signal.aborted || !(reason instanceof AppError)) return error;
  if (reason.code === 'run/fenced') return reason;
  // The same code: the loader's own error says besides what it could not put back.
  return error.code === 'restore/unfinished' || error.code === reason.code ? error : reason;
}

/** `in_progress → pending`, with the job of the next try; `cancelled` when that was wished meanwhile. */
async function later(parts: WorkerParts, claimed: ClaimedRestore, error: AppError): Promise<RestoreEnding> {
  const { catalog, clock, tuning, random, queue } = parts;
  const { record, claim, log } = claimed;
  const isShutdown = error.code === 'worker-shutdown';
  const pauseMs = isShutdown ? 0 : retryPauseMs(record.failures, tuning, random);
  const now = clock.now();
  const at = new Date(now.getTime() + pauseMs);
  const next = await surely(parts, log, () => catalog.restores.retryLater(claim.ref, { error, at: now }, at));
  if (next === null) return { state: 'fenced', error };
  if (next.status === 'cancelled') {
    await dropScratchOf(parts, claimed);
    return { state: 'cancelled', record: next };
  }
  // A queue that is down is no loss: the reconciler adds the job of a record that is due.
  await queue.add({ ...restoreJob(next), delayMs: pauseMs }).catch((trouble: unknown) => {
    log.failure('job not added', trouble, 'queue');
  });
  return { state: 'pending', error, at };
}
