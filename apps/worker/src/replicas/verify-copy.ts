import { findLoss, isCold, requireBackupJson, runVerify, silentObserver } from '#pipeline';
import { surely } from '../claims/surely.js';
import { later, leftToAnother, nextVerification, refOf, type ClaimedCopy } from './claimed-copy.js';

/** When a copy in a cold class is looked at again where once would have been enough. */
const coldAgainMs = 30 * 86_400_000;

/** Reads a copy back where it stands. */
export async function verifyCopy(
  { parts, destination, copy, log }: ClaimedCopy,
  signal: AbortSignal,
): Promise<boolean> {
  const { catalog, clock, ring } = parts;
  // A worker that holds public keys alone reads nothing.
  const level = ring.opensWhatItSeals ? (destination.verify ?? 'stored') : 'stored';
  const began = clock.monotonicMs();
  const deps = { store: destination.store, ring, observer: silentObserver };
  const isRead = await runVerify(deps, { ...copy, level }, signal).then(
    () => true,
    (error: unknown) => unlessCold(error, { parts, destination, copy, log }, signal),
  );
  const at = clock.now();
  const done = {
    at: isRead ? at : null,
    verifyAt: nextVerification(parts, at) ?? (isRead ? null : later(parts, coldAgainMs)),
  };
  if (!(await surely(parts, log, () => catalog.copies.verified(refOf(copy), done)))) throw leftToAnother(copy);
  if (!isRead) {
    log.info('copy not read back: it lies in a cold class, in its size', { nextVerification: done.verifyAt });
    return true;
  }
  log.info('copy verified', { verificationLevel: level, durationSeconds: (clock.monotonicMs() - began) / 1000 });
  return true;
}

/** A life-cycle rule may have moved it to a cold class, which gives no bytes: that everything stands there in its size is what can be known. False: it does. */
async function unlessCold(error: unknown, { destination, copy }: ClaimedCopy, signal: AbortSignal): Promise<false> {
  if (!isCold(error)) throw error;
  const { store } = destination;
  const loss = await findLoss(store, await requireBackupJson(store, copy.backupId, signal), signal);
  if (loss !== null) throw loss;
  return false;
}
