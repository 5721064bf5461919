import type { AppError, BackupRecord, RunResources } from '#contracts';
import type { BackupOutcome } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { logUpkeep } from '../upkeep/log-upkeep.js';

type End = {
  readonly record: BackupRecord;
  readonly durationSeconds: number;
  readonly resources: RunResources | null;
} & (
  | { readonly state: 'completed'; readonly outcome: BackupOutcome }
  | { readonly state: 'failed' | 'fenced'; readonly error: AppError }
  | { readonly state: 'pending'; readonly error: AppError; readonly at: Date }
  | { readonly state: 'cancelled' }
);

/** How a run ended, to everybody who wants to know: one line in the log, metrics, and the follow-ups (verification, the waiting slot, alerts). */
export async function tellEnd(parts: WorkerParts, log: WorkerLog, end: End): Promise<void> {
  const { record, durationSeconds, resources } = end;
  switch (end.state) {
    case 'completed': {
      const { backup, resumed, warnings } = end.outcome;
      const { bytes: sizeBytes, sha256 } = backup.objects.data;
      const { archiveBytes, documents } = backup.totals;
      count(parts, end, { sizeBytes, archiveBytes: resumed ? null : archiveBytes });
      log.info('backup completed', {
        ...{ durationSeconds, sizeBytes, sha256, archiveBytes, documents, resumed },
        ...{ warnings: warnings.length, resources, engine: backup.engine },
      });
      break;
    }
    case 'failed':
      count(parts, end, { sizeBytes: null, archiveBytes: null });
      log.failure('backup failed', end.error, 'dump', { durationSeconds, failures: record.failures + 1, resources });
      break;
    case 'cancelled':
      count(parts, end, { sizeBytes: null, archiveBytes: null });
      log.info('backup cancelled', { durationSeconds });
      break;
    case 'pending':
      log.failure('backup will be tried again', end.error, 'dump', {
        nextAttemptAt: end.at,
        durationSeconds,
        resources,
      });
      return;
    case 'fenced':
      log.info('backup left to another', { code: end.error.code, reason: end.error.message });
      return;
  }
  logUpkeep(log, await parts.upkeep.afterRun(record.target));
}

function count(
  { metrics, clock }: WorkerParts,
  { state, record, durationSeconds, resources }: End,
  sizes: { readonly sizeBytes: number | null; readonly archiveBytes: number | null },
): void {
  if (state === 'pending' || state === 'fenced') return;
  const { target, trigger } = record;
  metrics.backupEnded({ target, trigger, result: state, at: clock.now(), durationSeconds, ...sizes, resources });
}
