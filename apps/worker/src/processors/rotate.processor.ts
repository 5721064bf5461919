import { Inject, Injectable } from '@nestjs/common';
import { rotationCatalog } from '#catalog';
import type { AppError, JobPayloads, RotationResult, TaskRecord } from '#contracts';
import { requireStore, rotatePlaces, type PlacesReport, type RotateRequest } from '#pipeline';
import { runTask } from '../claims/run-task.js';
import { PARTS } from '../core/tokens.js';
import { withinTime } from '../core/within-time.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { requireDestination } from '../replicas/destination.js';
import type { JobProcessor } from './job-processor.js';

/** Brings backups to this worker's current key; what became of each is kept on the task. A task that was broken off goes on where it stood. */
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
    const { store, storeId, ring, clock, random, catalog, owner, config, destinations } = this.parts;
    const began = clock.monotonicMs();
    const records = rotationCatalog(catalog, {
      ...{ clock, owner, lease: config.lease },
      onTrouble: (error) => log.failure('heart-beat failed', error, 'claim'),
      async requireStore(running) {
        await requireStore(store, storeId, running);
      },
    });
    const report = await rotatePlaces(
      {
        ...{ store, ring, clock, random, catalog: records },
        requirePlace: async ({ name }, running) => {
          const destination = destinations.find((one) => one.name === name);
          if (destination === undefined) return;
          const require = (limit: AbortSignal) => requireDestination(this.parts, destination, limit);
          await withinTime(destination.store.location, this.parts.tuning.probeTimeoutMs, running, require);
        },
        onResult: ({ backupId, place, outcome, error, warnings }) => {
          const which = place === null ? { backupId } : { backupId, destination: place };
          if (error !== null) log.failure('backup not rotated', error, 'keys', which);
          else if (outcome === 'rewritten') log.info('backup sealed anew', which);
          for (const warning of warnings) log.warn('odd header', { ...which, warning });
        },
      },
      destinations,
      this.#requestOf(task),
      signal,
    );
    const result = toResult(report);
    for (const { place, error } of report.failed)
      log.failure('destination not rotated', error, 'keys', { destination: place });
    for (const reason of report.reports) log.warn('left with the keys that it has', { reason });
    const { backups: _, ...counts } = result;
    log.info('keys rotated', { ...counts, durationSeconds: (clock.monotonicMs() - began) / 1000 });
    return result;
  }

  #requestOf({ rotation }: TaskRecord): RotateRequest {
    if (rotation === null) return { target: null, dryRun: true };
    const { target, dryRun, keyIds } = rotation;
    // A task of an older version tells neither.
    const { rewrite } = rotation as Partial<typeof rotation>;
    return {
      ...{ target, dryRun, keyIds },
      rewrite: rewrite === true ? { graceMs: this.parts.config.orphanGraceMs } : null,
    };
  }
}

/** A record holds 16 MiB: of more backups those that failed are listed first. */
const mostListed = 20_000;
const mostReports = 1000;

function toResult({ dryRun, rewrite, keyIds, results, reports, failed }: PlacesReport): RotationResult {
  const count = (...wanted: string[]) => results.filter(({ outcome }) => wanted.includes(outcome)).length;
  const failures = results.filter(({ error }) => error !== null);
  const rest = results.filter(({ error }) => error === null);
  const listed = results.length <= mostListed ? results : [...failures, ...rest].slice(0, mostListed);
  const away = failed.map(({ place, error }) => `${place} could not be gone through: ${error.message}`);
  return {
    ...{ dryRun, rewrite, keyIds, reports: [...away, ...reports].slice(0, mostReports) },
    rotated: count('rotated', 'would-rotate', 'rewritten', 'would-rewrite'),
    current: count('current'),
    // A destination that could not be gone through is one more.
    failed: count('failed', 'skipped') + failed.length,
    backups: listed.map(({ backupId, place, outcome, error }) => ({
      ...{ backupId, place, outcome },
      error: error === null ? null : { code: error.code, message: error.message },
    })),
  };
}
