import { Inject, Injectable } from '@nestjs/common';
import { AppError, type BackupRecord, type JobPayloads, type TaskRecord } from '#contracts';
import { runVerify, silentObserver, verifyRestored } from '#pipeline';
import type { ObjectStore } from '#storage';
import { runTask } from '../claims/run-task.js';
import { surely } from '../claims/surely.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { drillDeps, drillRequestOf } from '../drills/drill-request.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { writeWantedMarks } from '../marks/write-wanted-marks.js';
import { logUpkeep } from '../upkeep/log-upkeep.js';
import { raiseMissing } from '../verifications/missing-alert.js';
import { placeOf, type Place } from '../replicas/backup-place.js';
import type { JobProcessor } from './job-processor.js';

const goneCodes = ['backup/missing', 'backup/not-found'];

/** Where a verification looked for the backup: it may have been brought home since. */
interface LookedAt {
  place: string | null;
}

/** Proves that a backup is good, at the level of its task; a failure is loud: task, record, log, metric, alert. */
@Injectable()
export class VerifyProcessor implements JobProcessor<'verify'> {
  readonly name = 'verify';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ taskId }: JobPayloads['verify'], signal: AbortSignal): Promise<void> {
    const looked: LookedAt = { place: null };
    const steps = {
      work: (task: TaskRecord, running: AbortSignal, log: WorkerLog) => this.#verify(task, looked, running, log),
      ended: (task: TaskRecord, error: AppError | null, log: WorkerLog) => this.#note(task, error, looked, log, signal),
    };
    await runTask(this.parts, taskId, steps, signal);
  }

  async #verify(task: TaskRecord, looked: LookedAt, signal: AbortSignal, log: WorkerLog): Promise<null> {
    const { catalog, clock } = this.parts;
    const backup = task.backupId === null ? null : await catalog.backups.find(task.backupId);
    if (backup?.status !== 'completed') throw notThere(task, backup);
    const level = task.level ?? 'readable';
    const place = placeOf(this.parts, backup);
    looked.place = backup.place;
    await requirePlace(place, signal);
    const began = clock.monotonicMs();
    const { store } = place;
    const prove =
      level === 'restored' ? this.#restore(task, backup, store, signal, log) : this.#read(backup, level, store, signal);
    const facts = await prove.catch(async (error: unknown) => {
      // A volume that was unmounted meanwhile has none of them: that is no loss of this backup.
      if (error instanceof AppError && goneCodes.includes(error.code)) await requirePlace(place, signal);
      // Nor does a class that gives no bytes say anything of it.
      if (error instanceof AppError && error.code === 'store/cold') throw notMade(error);
      // Nor does what was found where it does not stand any more.
      if (error instanceof AppError && (await this.#hasMoved(backup))) throw notMade(error);
      throw error;
    });
    for (const warning of facts.warnings) log.warn('verified with a warning', { warning, verificationLevel: level });
    // What a drill compared is in the log alone: it says more of the scratch server than of the backup.
    if (level === 'readable') await catalog.backups.warned(backup.backupId, facts.warnings);
    log.info('verified', { verificationLevel: level, ...facts, durationSeconds: (clock.monotonicMs() - began) / 1000 });
    return null;
  }

  async #hasMoved({ backupId, place }: BackupRecord): Promise<boolean> {
    return ((await this.parts.catalog.backups.find(backupId))?.place ?? null) !== place;
  }

  async #read({ backupId }: BackupRecord, level: 'stored' | 'readable', store: ObjectStore, signal: AbortSignal) {
    const { ring } = this.parts;
    const { storedBytes, warnings } = await runVerify(
      { store, ring, observer: silentObserver },
      { backupId, level },
      signal,
    );
    return { storedBytes, warnings };
  }

  async #restore(task: TaskRecord, backup: BackupRecord, store: ObjectStore, signal: AbortSignal, log: WorkerLog) {
    const { backupId, target } = backup;
    const request = drillRequestOf(this.parts, {
      ...{ runId: task.taskId, fence: task.claim.fence, backupId, target, targetName: null },
    });
    const observer = { ...silentObserver, warning: (text: string) => log.warn('drill', { reason: text }) };
    const report = await verifyRestored(drillDeps({ ...this.parts, store }, observer), request, signal);
    const { documents, bytes, restoreMs, warnings } = report;
    return { documents, bytes, restoreSeconds: restoreMs / 1000, warnings };
  }

  async #note(
    task: TaskRecord,
    error: AppError | null,
    looked: LookedAt,
    log: WorkerLog,
    signal: AbortSignal,
  ): Promise<void> {
    const { catalog, metrics, clock, upkeep } = this.parts;
    const backup = await catalog.backups.find(task.backupId ?? '');
    if (backup === null) return;
    const { backupId, target, hash } = backup;
    await surely(this.parts, log, () => catalog.backups.verified(backupId, task, hash));
    const level = task.level ?? 'readable';
    if (error?.code === 'keys/write-only') {
      log.info('not verified here', { code: error.code, reason: error.message, verificationLevel: level });
      return;
    }
    metrics.verificationEnded({ target, level, result: task.status, at: clock.now() });
    if (error !== null) {
      const { code, message: reason, hint, stage } = error;
      const fields = { code, reason, hint, stage, verificationLevel: level, target };
      if (error.retry === 'retry') log.warn('verification could not be made, and is tried again in some hours', fields);
      else log.error('verification failed', fields);
      if (goneCodes.includes(code)) await this.#markMissing(backup, error, looked);
    }
    // The verdict stands in the record; what could not be marked in the store the reconciler repeats.
    await writeWantedMarks(this.parts, backupId, signal).catch((trouble: unknown) => {
      log.failure('marks not written', trouble, 'store');
    });
    logUpkeep(log, await upkeep.afterVerification());
  }

  async #markMissing(backup: BackupRecord, { message }: AppError, { place }: LookedAt): Promise<void> {
    const { backups } = this.parts.catalog;
    const { backupId } = backup;
    if (await backups.markMissing(backupId, true, this.parts.clock.now(), place))
      await raiseMissing(this.parts, backup, message);
  }
}

/** The same, as of a verification that could not be made now. */
function notMade(cause: AppError): AppError {
  const { code, stage, message, details } = cause;
  return new AppError({
    ...{ code, stage, message, retry: 'retry', cause, details },
    hint: cause.hint ?? 'Nothing to do: the verification is tried again',
  });
}

function notThere(task: TaskRecord, backup: BackupRecord | null): AppError {
  return new AppError({
    code: 'backup/not-completed',
    stage: 'verify',
    message: `${task.backupId ?? 'The backup'} is ${backup?.status ?? 'not there'}: only completed backups are verified`,
    hint: 'Choose another one (hazina list); what is missing comes back with its objects and hazina catalog sync',
  });
}

/** Another store says nothing of this backup: the verification could not be made, which is no verdict. */
async function requirePlace(place: Place, signal: AbortSignal): Promise<void> {
  try {
    await place.require(signal);
  } catch (thrown) {
    const error = AppError.from(thrown, 'store');
    throw error.code === 'store/changed' ? notMade(error) : error;
  }
}
