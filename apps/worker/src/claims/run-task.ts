import { taskJob, type HeldClaim, type TaskDone } from '#catalog';
import {
  AppError,
  causeOf,
  type CleanupResult,
  type RotationResult,
  type SyncResult,
  type TaskRecord,
} from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { holdTask } from './hold.js';
import { retryPauseMs } from './retry-pause.js';
import { surely } from './surely.js';

/** What a cleanup, a rotation or a sync found and did; of a verification nothing. */
export type TaskResult = CleanupResult | RotationResult | SyncResult | null;

export interface TaskSteps {
  /** Does it; what it returns is kept on the task. */
  work(task: TaskRecord, signal: AbortSignal, log: WorkerLog): Promise<TaskResult>;
  /** Told when the task is over: completed, or failed for good (then with the error). */
  ended(task: TaskRecord, error: AppError | null, log: WorkerLog): Promise<void>;
}

/** Claims a verification, a cleanup or a rotation, beats while it is worked on, and ends it. Throws the error of a task that has failed for good. */
export async function runTask(
  parts: WorkerParts,
  taskId: string,
  steps: TaskSteps,
  signal: AbortSignal,
): Promise<void> {
  const { catalog, clock, owner } = parts;
  const claimedAt = clock.monotonicMs();
  const task = await catalog.tasks.claim(taskId, owner, clock.now());
  if (task === null) {
    parts.log.debug('nothing to do', { taskId });
    return;
  }
  const {
    correlationId,
    backupId,
    kind,
    claim: { fence: attempt },
  } = task;
  const log = parts.log.child({ correlationId, taskId, attempt, ...(backupId === null ? {} : { backupId }) });
  const claim = holdTask(parts, task, { claimedAt, log, signal });
  log.info(`${kind} claimed`);
  try {
    const outcome = await attemptTask(steps, task, claim, log);
    claim.ending();
    if (outcome instanceof AppError) await endTask(parts, { task, claim, log, steps }, outcome);
    else {
      const done = { at: clock.now(), ...keptOf(outcome) };
      const ended = await surely(parts, log, () => catalog.tasks.complete(claim.ref, done));
      if (ended === null) log.info('task left to another', { code: 'run/fenced' });
      else await steps.ended(ended, null, log);
    }
  } finally {
    await claim.stop();
  }
}

async function attemptTask(
  steps: TaskSteps,
  task: TaskRecord,
  { signal }: HeldClaim,
  log: WorkerLog,
): Promise<TaskResult | AppError> {
  try {
    return await steps.work(task, signal, log);
  } catch (error) {
    return causeOf(error, signal, 'verify');
  }
}

function keptOf(result: TaskResult): Omit<TaskDone, 'at'> {
  if (result === null) return { result };
  if ('keyIds' in result) return { result: null, rotated: result };
  return 'counts' in result ? { result: null, synced: result } : { result };
}

interface ClaimedTask {
  readonly task: TaskRecord;
  readonly claim: HeldClaim;
  readonly log: WorkerLog;
  readonly steps: TaskSteps;
}

async function endTask(parts: WorkerParts, { task, claim, log, steps }: ClaimedTask, error: AppError): Promise<void> {
  const { catalog, clock, config, tuning, random, queue } = parts;
  if (error.code === 'run/fenced') {
    log.info('task left to another', { code: error.code, reason: error.message });
    return;
  }
  const isShutdown = error.code === 'worker-shutdown';
  const failure = { error, at: clock.now() };
  if (isShutdown || (error.retry === 'retry' && task.failures + 1 < config.attempts)) {
    const pauseMs = isShutdown ? 0 : retryPauseMs(task.failures, tuning, random);
    const at = new Date(clock.now().getTime() + pauseMs);
    const later = await surely(parts, log, () => catalog.tasks.retryLater(claim.ref, failure, at));
    if (later === null) return;
    log.failure(`${task.kind} will be tried again`, error, 'verify', { nextAttemptAt: at });
    // A queue that is down is no loss: the reconciler adds the job of a task that is due.
    await queue.add({ ...taskJob(later), delayMs: pauseMs }).catch((trouble: unknown) => {
      log.failure('job not added', trouble, 'queue');
    });
    return;
  }
  const failed = await surely(parts, log, () => catalog.tasks.fail(claim.ref, failure));
  if (failed === null) return;
  await steps.ended(failed, error, log);
  throw error;
}
