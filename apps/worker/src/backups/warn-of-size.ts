import { alertKey } from '#catalog';
import { contentOf, seriesFactsOf, type BackupJson } from '#contracts';
import { comparedBackups, sizeAnomaly, type BackupOutcome } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import { clearAlert, raiseAlert } from '../alerts/settle-alert.js';

/** Parts stand among the newest, too. */
const looked = 4 * comparedBackups;

/** The outcome with a warning, and an alert, when its size is far from its target's last ones. What cannot be compared now is not worth a backup. */
export async function warnOfSize(parts: WorkerParts, outcome: BackupOutcome, log: WorkerLog): Promise<BackupOutcome> {
  try {
    const warning = await anomalyOf(parts, outcome.backup);
    if (warning !== null) log.warn('odd size', { warning });
    await settleAlert(parts, outcome.backup, warning).catch((error: unknown) =>
      log.failure('alert of an odd size not settled', error, 'catalog'),
    );
    return warning === null ? outcome : { ...outcome, warnings: [...outcome.warnings, warning] };
  } catch (error) {
    log.failure('size not compared', error, 'catalog');
    return outcome;
  }
}

async function anomalyOf({ catalog }: WorkerParts, backup: BackupJson): Promise<string | null> {
  const { backupId, target, objects } = backup;
  // A part says nothing of the size of all.
  const content = contentOf(seriesFactsOf(backup));
  const earlier = (await catalog.backups.latestCompleted(target, looked)).flatMap((record) => {
    return contentOf(record) === content && record.backupId !== backupId && record.size !== null ? [record.size] : [];
  });
  return sizeAnomaly(objects.data.bytes, earlier);
}

/** Told once, and once more when a backup of the target has its usual size again. */
async function settleAlert(
  parts: WorkerParts,
  { backupId, target }: Pick<BackupJson, 'backupId' | 'target'>,
  warning: string | null,
): Promise<void> {
  if (warning === null) {
    const message = `Backup ${backupId} has a size that is usual for ${target}`;
    await clearAlert(parts, alertKey('size-anomaly', target), { message, target, backupId });
    return;
  }
  const message = `Backup ${backupId} has an odd ${warning}`;
  await raiseAlert(parts, 'size-anomaly', target, { message, hint: null, target, backupId });
}
