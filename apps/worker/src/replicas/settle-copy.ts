import { isWhole } from '#catalog';
import { AppError, type CopyRecord } from '#contracts';
import { backupJsonKey, findLoss, isCold, requireBackupJson, runVerify, silentObserver } from '#pipeline';
import { noteLostCopy } from '../verifications/missing-alert.js';
import { holdsAny } from './backup-place.js';
import { nextVerification, refOf, type ClaimedCopy } from './claimed-copy.js';
import { requireDestination } from './destination.js';

// Copies that cannot be made, for there is nothing to make them from.

/** What was written there was no copy, and is one no more. */
export async function settleGone({ parts, copy }: ClaimedCopy, message: string, nextAttemptAt: Date): Promise<void> {
  const { catalog, clock } = parts;
  const hint =
    'It is copied there again by itself as soon as it stands somewhere: hazina destinations list tells where; bring it back there, or restore another backup';
  const error = new AppError({ code: 'backup/missing', stage: 'store', retry: 'retry', message, hint });
  const { thorough } = copy;
  await catalog.copies.failed(refOf(copy), { error, at: clock.now(), nextAttemptAt, state: 'missing', thorough });
}

/**
 * Its backup is deleted (its record may be purged), and cannot be copied from anywhere. Where it stands whole it is a copy as before, and the next look decides whether it goes. What is
 * damaged is told, and left: it may be all that there is.
 */
export async function settleDeleted(
  { parts, destination, copy, log }: ClaimedCopy,
  { isPurged }: { readonly isPurged: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const { catalog, clock, ring } = parts;
  const { store } = destination;
  const { backupId } = copy;
  await requireDestination(parts, destination, signal);
  if ((await store.head(backupJsonKey(backupId), signal)) === null) {
    await requireDestination(parts, destination, signal);
    if (copy.stamp !== null && (await holdsAny(store, backupId, signal))) throw bare(backupId, store.location);
    // Told before it is noted: what ends between the two is told with the next try, once.
    const isArchive = copy.outlived || isPurged;
    if (copy.stamp !== null && isArchive && !(await standsElsewhere(parts, copy))) await noteLostCopy(parts, copy);
    await catalog.copies.lost(refOf(copy));
    log.warn('copy lost', { reason: 'it is not there (any more), and its backup is deleted in the primary store' });
    return true;
  }
  const backup = await requireBackupJson(store, backupId, signal);
  try {
    await runVerify({ store, ring, observer: silentObserver }, { backupId, level: 'stored' }, signal);
  } catch (error) {
    if (!isCold(error)) throw error;
    // A cold class gives no bytes: that everything stands there in its size is what can be known.
    const loss = await findLoss(store, backup, signal);
    if (loss !== null) throw loss;
  }
  const at = clock.now();
  const verifyAt = destination.verify === null ? null : nextVerification(parts, at);
  await catalog.copies.stands(refOf(copy), { at, verifyAt, attempt: backup.attempt });
  return true;
}

/** Whether another destination has it: then it is not the last one that is lost. */
async function standsElsewhere({ catalog }: ClaimedCopy['parts'], { copyId, backupId }: CopyRecord): Promise<boolean> {
  return (await catalog.copies.of([backupId])).some((other) => other.copyId !== copyId && isWhole(other));
}

function bare(backupId: string, location: string): AppError {
  return new AppError({
    ...{ code: 'backup/damaged', stage: 'store' },
    message: `backup.json of ${backupId} is gone from ${location}, where its objects still lie; in the primary store it is deleted`,
    hint: 'Bring backup.json back (versions of the bucket), or copy the folder elsewhere before it is swept',
  });
}
