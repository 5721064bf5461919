import type { AppError, RestoreRecord } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { logUpkeep } from '../upkeep/log-upkeep.js';
import type { RestoreEnding } from './end-restore.js';

type End = RestoreEnding | { readonly state: 'completed'; readonly record: RestoreRecord };

/** How a restore ended, to everybody who wants to know: one line in the log, metrics, alerts. */
export async function tellRestore(
  parts: WorkerParts,
  log: WorkerLog,
  end: End,
  durationSeconds: number,
): Promise<void> {
  switch (end.state) {
    case 'pending':
      log.failure('restore will be tried again', end.error, 'load', { nextAttemptAt: end.at, durationSeconds });
      return;
    case 'fenced':
      log.info('restore left to another', { code: end.error.code, reason: end.error.message });
      return;
    case 'completed': {
      const { dryRun, outcome, documents, namespaces = [], warnings = [] } = end.record.report ?? {};
      log.info(dryRun === true ? 'restore planned' : 'restore completed', {
        ...{ outcome, documents, namespaces: namespaces.length, warnings, durationSeconds },
        safetyBackupId: end.record.safety?.backupId,
      });
      break;
    }
    case 'failed':
      failed(log, end.error, durationSeconds);
      break;
    case 'cancelled':
      log.info('restore cancelled', { durationSeconds, note: end.record.errorMessage });
      break;
  }
  const { targetName, status, dryRun } = end.record;
  // A dry run restores nothing, however it ends.
  if (!dryRun)
    parts.metrics.restoreEnded({ target: targetName, result: status, at: parts.clock.now(), durationSeconds });
  logUpkeep(log, await parts.upkeep.afterRestore());
}

function failed(log: WorkerLog, { code, message, hint, stage }: AppError, durationSeconds: number): void {
  log.error('restore failed', { code, reason: message, hint, stage, durationSeconds });
}
