import { isAway } from '#catalog';
import { AppError, type CopyRecord } from '#contracts';
import { backupJsonKey, lockOfCopy, readIfThere, removeBackup } from '#pipeline';
import { isLocked } from '#storage';
import { retryPauseMs } from '../claims/retry-pause.js';
import type { WorkerParts } from '../core/worker-core.js';
import { later } from './claimed-copy.js';
import { inTime, primaryPlace } from './backup-place.js';
import { requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';

const dayMs = 86_400_000;

/** Removes the copies that nobody wants any more. What a lock holds waits for its end, which is no failure; what a missing right refuses is tried again later. */
export async function removeCopies(parts: WorkerParts, destination: Destination, signal: AbortSignal): Promise<void> {
  const { catalog, clock, log, metrics, tuning, random } = parts;
  for (const copy of await catalog.copies.removing(destination.name, clock.now())) {
    const { copyId, backupId, target } = copy;
    const fields = { backupId, target, destination: destination.name };
    try {
      if (await isWantedAgain(parts, copy, signal)) {
        await catalog.copies.keep(copyId);
        log.warn('copy kept: the primary store is away, or lacks its backup', fields);
        continue;
      }
      const isOurs = await isOursThere(parts, destination, copy, signal);
      if (!isOurs) log.warn('copy left: another backup of its id stands there', fields);
      const freedBytes = !isOurs ? 0 : await removeBackup(destination.store, backupId, signal);
      // A volume that was unmounted meanwhile has nothing: what lies on it is still to go.
      await requireDestination(parts, destination, signal);
      await catalog.copies.removed(copyId, clock.now());
      log.info('copy removed', { ...fields, freedBytes });
    } catch (thrown) {
      const error = AppError.from(thrown, 'delete');
      if (signal.aborted) throw error;
      const lockedUntil = isLocked(error)
        ? await lockOfCopy(destination.store, copy.backupId, clock.now(), signal)
        : null;
      if (lockedUntil !== null) {
        // Locks may be lifted, and legal holds have no end: asked again each day.
        const nextAttemptAt = new Date(Math.min(lockedUntil.getTime(), clock.now().getTime() + dayMs));
        await catalog.copies.removeAfterLock(copyId, lockedUntil, nextAttemptAt);
        log.info('copy locked: it is removed later', { ...fields, lockedUntil });
        continue;
      }
      metrics.replicaFailed(destination.name);
      const at = later(parts, retryPauseMs(copy.attempts, tuning, random));
      await catalog.copies.removeLater(copyId, error, at);
      log.failure('copy not removed', error, 'delete', { ...fields, nextAttemptAt: at });
    }
  }
}

/** The destination's own retention let it go, and a lock held it: meanwhile it may have become the only one. */
async function isWantedAgain(parts: WorkerParts, { backupId }: CopyRecord, signal: AbortSignal): Promise<boolean> {
  const record = await parts.catalog.backups.find(backupId);
  if (record?.status !== 'completed') return record?.status === 'missing';
  if (isAway(record)) return true;
  try {
    await inTime(primaryPlace(parts), parts.tuning.probeTimeoutMs, signal);
    return false;
  } catch (error) {
    if (signal.aborted) throw error;
    return true;
  }
}

/** Ids of scheduled backups are made of target and slot: another installation that copies to the same place may have the same. */
async function isOursThere(
  { catalog }: WorkerParts,
  { store }: Destination,
  { backupId, stamp, completedAt }: CopyRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const file = await readIfThere(store, backupJsonKey(backupId), signal);
  if (file === null) return true;
  const text = file.bytes.toString('utf8');
  const [hash = ''] = (stamp ?? '').split(' ');
  if (hash !== '' && text.includes(hash)) return true;
  // Sealed anew where it stands, it is the same run: no other ended in that very millisecond.
  if (text.includes(`"${completedAt.toISOString()}"`)) return true;
  return text === (await catalog.backups.find(backupId))?.commit?.bytes;
}
