import { setTimeout as delay } from 'node:timers/promises';
import { backupJob } from '#catalog';
import {
  AppError,
  newBackupId,
  patternOf,
  safetyTargetOf,
  throwIfAborted,
  type BackupRecord,
  type RestoreRecord,
  type RestoreSafety,
} from '#contracts';
import type { PlannedNamespace } from '#engine';
import { fenced } from '#catalog';
import type { WorkerParts } from '../core/worker-core.js';
import type { ClaimedRestore } from './claimed-restore.js';

/** Above this many namespaces their whole databases are backed up: every name is compared with every pattern. */
const mostPatterns = 100;
const ended: readonly BackupRecord['status'][] = ['completed', 'failed', 'cancelled', 'missing', 'deleting', 'deleted'];

/**
 * Backs up what a restore is about to replace, by a backup job like any other, and waits for it. Throws when it did not succeed: then nothing is replaced.
 * A safety backup of an earlier run of the restore is of no use, for the target may have been written since.
 */
export async function makeSafetyBackup(
  parts: WorkerParts,
  { record, claim, log }: ClaimedRestore,
  replaced: readonly PlannedNamespace[],
): Promise<string> {
  const { catalog, clock, random } = parts;
  const { signal } = claim;
  const target = safetyTargetOf(record.targetName);
  for (;;) {
    throwIfAborted(signal, 'dump');
    const createdAt = clock.now();
    const backupId = newBackupId(target, createdAt, random);
    if (!(await catalog.restores.planSafety(claim.ref, safetyOf(backupId, replaced))))
      throw fenced(record.restoreId, 'another claim has taken over');
    const inserted = await catalog.backups.insert({
      ...{ backupId, target, trigger: 'safety', slot: null, correlationId: record.correlationId, createdAt },
      ...{ label: `before ${record.restoreId}`, pinned: false, jobNumber: 1 },
    });
    if (inserted.outcome === 'inserted') {
      log.info('backing up what will be replaced', { safetyBackupId: backupId, namespaces: replaced.length });
      // A queue that is down is no loss: the reconciler adds the job of a record that is due.
      await parts.queue.add(backupJob(inserted.record)).catch((error: unknown) => {
        log.failure('job not added', error, 'queue');
      });
      return await awaitSafety(parts, backupId, record, signal);
    }
    // One that a lost run of this restore had begun: it ends, or its lease does.
    if (inserted.outcome === 'busy') await untilEnded(parts, inserted.runningId, signal);
  }
}

function safetyOf(backupId: string, replaced: readonly PlannedNamespace[]): RestoreSafety {
  const databases = [...new Set(replaced.map(({ db }) => db))].sort();
  const include = replaced.map(patternOf);
  return { backupId, databases, include: include.length > mostPatterns ? [] : include };
}

async function awaitSafety(
  parts: WorkerParts,
  backupId: string,
  { restoreId }: RestoreRecord,
  signal: AbortSignal,
): Promise<string> {
  let safety: BackupRecord | null;
  try {
    safety = await untilEnded(parts, backupId, signal);
  } catch (error) {
    // The restore ends here, and nobody needs this any more. When not even that can be said, it is a backup more.
    await parts.catalog.backups.requestCancel(backupId, restoreId, parts.clock.now()).catch(() => undefined);
    throw error;
  }
  if (safety?.status === 'completed') return backupId;
  throw new AppError({
    code: 'restore/failed',
    stage: 'dump',
    message: `The backup of what would be replaced (${backupId}) is ${safety?.status ?? 'gone'}: ${safety?.errorMessage ?? 'see its record'}`,
    hint: 'Nothing was replaced. Mend what the backup failed by, and ask for the restore again',
  });
}

/** Its record when it is over. */
async function untilEnded(parts: WorkerParts, backupId: string, signal: AbortSignal): Promise<BackupRecord | null> {
  for (;;) {
    throwIfAborted(signal, 'dump');
    const record = await parts.catalog.backups.find(backupId);
    if (record === null || ended.includes(record.status)) return record;
    await delay(parts.tuning.progressMs, undefined, { signal }).catch(() => undefined);
  }
}
