import { isAway } from '#catalog';
import { AppError, causeOf, primaryStore, type BackupRecord, type CopyRecord } from '#contracts';
import { backupFolder, lockOf, paceOf, requireStore, runCopy } from '#pipeline';
import { holdCopy } from '../claims/hold.js';
import { retryPauseMs } from '../claims/retry-pause.js';
import { surely } from '../claims/surely.js';
import type { WorkerParts } from '../core/worker-core.js';
import { fromNearest, restoreSources } from '../restores/restore-sources.js';
import { clearMissing } from '../verifications/missing-alert.js';
import { primaryPlace } from './backup-place.js';
import { isStillWanted, later, refOf } from './claimed-copy.js';

/**
 * Copies a backup from the nearest destination that has it to the primary store, which does not: it was away when the backup was made, or has lost it. Claimed like
 * any other copy. False: the primary store is not worth another try now.
 */
export async function bringHome(parts: WorkerParts, copy: CopyRecord, signal: AbortSignal): Promise<boolean> {
  const { catalog, clock, config, tuning, random } = parts;
  const { backupId, target } = copy;
  const ref = refOf(copy);
  const log = parts.log.child({ backupId, target, destination: primaryStore });
  const claim = holdCopy(parts, copy, { claimedAt: clock.monotonicMs(), log, signal });
  try {
    const record = await catalog.backups.find(backupId);
    if (record !== null && (record.use.kind !== null || record.commitDue)) {
      // Its headers are rewrapped, or it is sealed anew: the next look decides what is to come home.
      await catalog.copies.release(ref, later(parts, config.lease.reaperMs));
      return true;
    }
    if (record !== null && isAway(record)) {
      const bytes = await bring(parts, record, claim.signal);
      log.info('backup brought home', { bytes });
      await clearMissing(parts, record, `Backup ${backupId} is in the primary store again, copied from a destination`);
    }
    await catalog.copies.forget(ref);
    return true;
  } catch (thrown) {
    const error = causeOf(thrown, claim.signal, 'store');
    if (['run/fenced', 'run/cancelled', 'worker-shutdown'].includes(error.code)) {
      await catalog.copies.release(ref, null).catch(() => undefined);
      return false;
    }
    const nextAttemptAt = later(parts, retryPauseMs(copy.attempts, tuning, random));
    const failure = { error, at: clock.now(), nextAttemptAt, state: 'failed' as const, thorough: copy.thorough };
    await surely(parts, log, () => catalog.copies.failed(ref, failure));
    log.failure('backup not brought home', error, 'store', { nextAttemptAt });
    return error.retry !== 'retry';
  } finally {
    await claim.stop();
  }
}

async function bring(parts: WorkerParts, record: BackupRecord, signal: AbortSignal): Promise<number> {
  const { catalog, clock, config, store, storeId } = parts;
  const { backupId } = record;
  await requireStore(store, storeId, signal);
  const sources = (await restoreSources(parts, backupId)).filter(({ name }) => name !== primaryStore);
  if (sources.length === 0) throw nowhere(backupId);
  const { backup, bytes } = await fromNearest(sources, {
    signal,
    onNext: (text) => parts.log.warn('copied from another destination', { backupId, reason: text }),
    read: async (source) => {
      await source.require(signal);
      return runCopy(
        { from: source.store, to: store, ...paceOf(config.storeThrottleBytesPerSecond, clock) },
        {
          // What stands there is why it is missing, or a broken-off try: nothing of it is trusted.
          ...{ backupId, thorough: true, keepsSmall: true },
          expect: { sha256: record.hash, attempt: record.commit?.attempt ?? null },
          wanted: () => isStillWanted(parts, record, signal),
        },
        signal,
      );
    },
  });
  // A volume that was unmounted meanwhile has got what was not meant for it.
  await requireStore(store, storeId, signal);
  const s3Key = `${primaryPlace(parts).prefix}${backupFolder(backupId)}${backup.objects.data.key}`;
  await catalog.backups.cameHome(backupId, { storeId, s3Key, at: clock.now() });
  const lockedUntil = await lockOf(store, backup, clock.now(), signal).catch(() => null);
  if (lockedUntil !== null) await catalog.backups.noteLock(backupId, lockedUntil, clock.now());
  return bytes;
}

function nowhere(backupId: string): AppError {
  return new AppError({
    ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
    message: `${backupId} is to be copied to the primary store, but this worker knows no destination of its target`,
    hint: 'Give all processes the same BACKUP_TARGETS_FILE, with the destinations that the backup was copied to',
  });
}
