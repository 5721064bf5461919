import { Inject, Injectable } from '@nestjs/common';
import { scheduleIntervalMs, type WorkerConfig } from '#config';
import {
  primaryStore,
  safetyTargetOf,
  type AppError,
  type CleanupResult,
  type JobPayloads,
  type TaskRecord,
} from '#contracts';
import { runCleanup, silentObserver } from '#pipeline';
import { policyOf, type RetentionPolicy } from '#retention';
import { runTask } from '../claims/run-task.js';
import { checkQuota } from '../cleanup/check-quota.js';
import { refusalOf, settleCleanupAlert, type CleanupTrouble } from '../cleanup/cleanup-alert.js';
import { cleanupCatalog } from '../cleanup/cleanup-catalog.js';
import { countCleanup } from '../cleanup/count-cleanup.js';
import { noteRetention } from '../cleanup/note-retention.js';
import { PARTS } from '../core/tokens.js';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { JobProcessor } from './job-processor.js';

/** Retention, orphans, old records, quota: one cleanup, whose statistics are kept on its task. */
@Injectable()
export class CleanupProcessor implements JobProcessor<'cleanup'> {
  readonly name = 'cleanup';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ taskId }: JobPayloads['cleanup'], signal: AbortSignal): Promise<void> {
    const steps = {
      work: (task: TaskRecord, running: AbortSignal, log: WorkerLog) => this.#clean(task, running, log),
      ended: (task: TaskRecord, error: AppError | null, log: WorkerLog) => this.#note(task, error, log),
    };
    await runTask(this.parts, taskId, steps, signal);
  }

  async #clean(task: TaskRecord, signal: AbortSignal, log: WorkerLog): Promise<CleanupResult> {
    const { store, clock, config, metrics, storeId } = this.parts;
    const wish = task.cleanup ?? { target: null, dryRun: false, confirm: null };
    const began = clock.monotonicMs();
    const backupIds: string[] = [];
    const onRemoved = (backupId: string) => backupIds.push(backupId);
    const result = await runCleanup(
      { store, clock, observer: silentObserver, catalog: cleanupCatalog(this.parts, signal), onRemoved },
      {
        ...wish,
        graceMs: config.orphanGraceMs,
        expectedStoreId: storeId,
        policyOf: (name) => {
          const target = targetOf(config, name);
          if (target === undefined) return safetyPolicyOf(config, name);
          return {
            policy: policyOf(target.retention, target.schedule.timezone),
            intervalMs: scheduleIntervalMs(target.schedule),
          };
        },
      },
      signal,
    ).finally(async () => {
      // Also what went before it failed.
      metrics.retentionDeleted(backupIds.length);
      await noteRetention(this.parts, { resource: task.taskId, correlationId: task.correlationId, backupIds });
    });
    const { decisions, reports, ...counts } = result;
    log.info('cleaned up', {
      ...counts,
      ...{ kept: decisions.length - result.removed, reports, durationSeconds: (clock.monotonicMs() - began) / 1000 },
    });
    return result;
  }

  async #note(task: TaskRecord, error: AppError | null, log: WorkerLog): Promise<void> {
    // What looks at one target, or only looks, says nothing of retention as a whole.
    const isWhole = task.cleanup === null || (task.cleanup.target === null && !task.cleanup.dryRun);
    if (error !== null) {
      log.failure('cleanup failed', error, 'cleanup');
      if (isWhole) await this.#alert({ message: error.message, hint: error.hint ?? null }, log);
      return;
    }
    if (task.result === null || task.result.dryRun) return;
    await countCleanup(this.parts, task.result, isWhole);
    log.info('storage', { ...(await checkQuota(this.parts)) });
    if (isWhole) await this.#alert(refusalOf(task.result), log);
  }

  /** That it cannot be written changes nothing of the cleanup: the next one settles it. */
  async #alert(trouble: CleanupTrouble | null, log: WorkerLog): Promise<void> {
    await settleCleanupAlert(this.parts, primaryStore, trouble).catch((error: unknown) => {
      log.failure('alert not settled', error, 'cleanup');
    });
  }
}

/** Backups of what restores replaced have no schedule. */
function safetyPolicyOf(
  { restoreTargets }: WorkerConfig,
  name: string,
): { policy: RetentionPolicy; intervalMs: null } | null {
  const found = restoreTargets.find((target) => safetyTargetOf(target.name) === name);
  return found === undefined ? null : { policy: policyOf(found.retention, 'UTC'), intervalMs: null };
}
