import { Inject, Injectable } from '@nestjs/common';
import type { AppError, JobPayloads, RotationResult, TaskRecord } from '#contracts';
import { requireStore, runRotate, type RotationCatalog, type RotationReport } from '#pipeline';
import { runTask } from '../claims/run-task.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { JobProcessor } from './job-processor.js';

/** Rewraps backups to this worker's current key; what became of each is kept on the task. A task that was broken off goes on where it stood. */
@Injectable()
export class RotateProcessor implements JobProcessor<'rotate'> {
  readonly name = 'rotate';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ taskId }: JobPayloads['rotate'], signal: AbortSignal): Promise<void> {
    const steps = {
      work: (task: TaskRecord, running: AbortSignal, log: WorkerLog) => this.#rotate(task, running, log),
      ended: (_task: TaskRecord, error: AppError | null, log: WorkerLog) => {
        if (error !== null) log.failure('rotation failed', error, 'keys');
        return Promise.resolve();
      },
    };
    await runTask(this.parts, taskId, steps, signal);
  }

  async #rotate(task: TaskRecord, signal: AbortSignal, log: WorkerLog): Promise<RotationResult> {
    const { store, ring, clock, random } = this.parts;
    const began = clock.monotonicMs();
    const report = await runRotate(
      {
        ...{ store, ring, clock, random, catalog: this.#records() },
        onResult: ({ backupId, error, warnings }) => {
          if (error !== null) log.failure('backup not rotated', error, 'keys', { backupId });
          for (const warning of warnings) log.warn('odd header', { backupId, warning });
        },
      },
      task.rotation ?? { target: null, dryRun: true },
      signal,
    );
    const result = toResult(report);
    const { backups: _, ...counts } = result;
    log.info('keys rotated', { ...counts, durationSeconds: (clock.monotonicMs() - began) / 1000 });
    return result;
  }

  #records(): RotationCatalog {
    const { catalog, clock, store, storeId } = this.parts;
    return {
      async requireStore(signal) {
        await requireStore(store, storeId, signal);
      },
      async keysOf(backupId, keyIds) {
        await catalog.backups.rekeyed(backupId, keyIds, clock.now());
      },
    };
  }
}

/** A record holds 16 MiB: of more backups those that failed are listed first. */
const mostListed = 20_000;

function toResult({ dryRun, keyIds, results }: RotationReport): RotationResult {
  const count = (...wanted: string[]) => results.filter(({ outcome }) => wanted.includes(outcome)).length;
  const failures = results.filter(({ error }) => error !== null);
  const rest = results.filter(({ error }) => error === null);
  const listed = results.length <= mostListed ? results : [...failures, ...rest].slice(0, mostListed);
  return {
    ...{ dryRun, keyIds },
    rotated: count('rotated', 'would-rotate'),
    current: count('current'),
    failed: count('failed', 'skipped'),
    backups: listed.map(({ backupId, outcome, error }) => ({
      ...{ backupId, outcome },
      error: error === null ? null : { code: error.code, message: error.message },
    })),
  };
}
