import { fenced } from '#catalog';
import { AppError, type RunResources } from '#contracts';
import { backupJsonKey, committed, completedFacts, lockOf, type BackupOutcome } from '#pipeline';
import { warnOfSize } from './warn-of-size.js';
import { persist } from '../claims/persist.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { Place } from '../replicas/backup-place.js';
import type { ClaimedBackup } from './claimed-backup.js';

const mostBytes = 16 * 1024 * 1024;

interface Done {
  readonly outcome: BackupOutcome;
  readonly resources: RunResources | null;
  /** Where it stands. */
  readonly place: Place;
}

interface Context {
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

/**
 * `→ completed`. The backup stands in the store, so the catalogue is asked for as long as it takes; only a shutdown ends the wait, and then whoever
 * claims the record next finds its commit. False: the record has moved on without this run.
 */
export async function completeBackup(
  parts: WorkerParts,
  claimed: ClaimedBackup,
  done: Done,
  context: Context,
): Promise<boolean> {
  try {
    return await complete(parts, claimed, done, context);
  } catch (thrown) {
    const error = AppError.from(thrown, 'catalog');
    throw error.code === 'run/fenced' ? error : committed(error);
  }
}

async function complete(
  parts: WorkerParts,
  { record, claim }: ClaimedBackup,
  done: Done,
  { log, signal }: Context,
): Promise<boolean> {
  const { catalog, clock, tuning } = parts;
  const { outcome, place } = done;
  const { backup, resumed } = outcome;
  const surely = <T>(write: () => Promise<T>) =>
    persist(write, {
      ...{ pauseMs: tuning.persistPauseMs, mostMs: tuning.persistMostMs, signal },
      onTrouble: (error, tries) => log.failure('completion not recorded yet', error, 'catalog', { tries }),
    });
  if (resumed && record.commit === null) {
    // It stands in the store without its record knowing: from here on the record has its commit.
    const bytes = await readBytes(place, record.backupId, signal);
    const recorded = await surely(() => catalog.backups.recordCommit(claim.ref, { attempt: backup.attempt, bytes }));
    if (!recorded) throw fenced(record.backupId, 'its commit was refused');
  }
  const storeId = await surely(() => place.identity());
  const facts = completedFacts(await warnOfSize(parts, outcome, log), {
    prefix: place.prefix,
    storeId,
    resources: done.resources,
    // A note for people and for retention, not worth a failure.
    lockedUntil: await lockOf(place.store, backup, clock.now(), signal).catch(() => null),
  });
  return surely(() => catalog.backups.complete(record.backupId, facts));
}

async function readBytes({ store }: Place, backupId: string, signal: AbortSignal): Promise<string> {
  const { bytes } = await store.getBytes(backupJsonKey(backupId), mostBytes, signal);
  return bytes.toString('utf8');
}
