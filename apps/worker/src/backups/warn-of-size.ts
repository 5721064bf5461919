import { comparedBackups, sizeAnomaly, type BackupOutcome } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';

/** Failed ones stand among the newest, too. */
const looked = 4 * comparedBackups;

/** The outcome with a warning when its size is far from its target's last ones. What cannot be compared now is not worth a backup. */
export async function warnOfSize(
  { catalog }: WorkerParts,
  outcome: BackupOutcome,
  log: WorkerLog,
): Promise<BackupOutcome> {
  const { backupId, target, objects } = outcome.backup;
  try {
    const latest = await catalog.backups.latest(target, looked);
    const earlier = latest.flatMap((record) =>
      record.status === 'completed' && record.backupId !== backupId && record.size !== null ? [record.size] : [],
    );
    const warning = sizeAnomaly(objects.data.bytes, earlier);
    if (warning === null) return outcome;
    log.warn('odd size', { warning });
    return { ...outcome, warnings: [...outcome.warnings, warning] };
  } catch (error) {
    log.failure('size not compared', error, 'catalog');
    return outcome;
  }
}
