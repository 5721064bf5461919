import { copyStampOf } from '#catalog';
import { type AppError, causeOf, saysDamaged, type CopyRecord } from '#contracts';
import { isGoneByRecord, lockOf, paceOf, runCopy } from '#pipeline';
import { holdCopy } from '../claims/hold.js';
import { retryPauseMs } from '../claims/retry-pause.js';
import { surely } from '../claims/surely.js';
import { checkDestinationQuota } from '../cleanup/check-quota.js';
import { requireDestinationQuota } from '../cleanup/require-quota.js';
import type { WorkerParts } from '../core/worker-core.js';
import { raiseMissing } from '../verifications/missing-alert.js';
import { placeOf } from './backup-place.js';
import { isStillWanted, later, leftToAnother, refOf, type ClaimedCopy } from './claimed-copy.js';
import { requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';
import { settleDeleted, settleGone } from './settle-copy.js';
import { verifyCopy } from './verify-copy.js';

const goneCodes = ['backup/missing', 'backup/not-found', 'store/no-object'];

/** Copies a claimed backup, or reads a copy back. False: the destination is not worth another try now. */
export async function workOnCopy(
  parts: WorkerParts,
  destination: Destination,
  copy: CopyRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const { backupId, target } = copy;
  const log = parts.log.child({ backupId, target, destination: destination.name });
  const claim = holdCopy(parts, copy, { claimedAt: parts.clock.monotonicMs(), log, signal });
  const claimed = { parts, destination, copy, log };
  try {
    return copy.state === 'verifying'
      ? await verifyCopy(claimed, claim.signal)
      : await copyBackup(claimed, claim.signal);
  } catch (thrown) {
    const error = causeOf(thrown, claim.signal, 'store');
    await end(claimed, error);
    return error.retry !== 'retry';
  } finally {
    await claim.stop();
  }
}

async function copyBackup({ parts, destination, copy, log }: ClaimedCopy, signal: AbortSignal): Promise<boolean> {
  const { catalog, clock, metrics } = parts;
  const began = clock.monotonicMs();
  const record = await catalog.backups.find(copy.backupId);
  if (record?.status !== 'completed' || record.use.kind !== null || record.commitDue) {
    if (record === null || record.status === 'deleted')
      return settleDeleted({ parts, destination, copy, log }, { isPurged: record === null }, signal);
    // It is being deleted or sealed anew, or its objects are gone: what becomes of its copy is decided by the next look.
    await catalog.copies.release(refOf(copy), later(parts, parts.config.lease.reaperMs));
    return true;
  }
  // From itself where it was written to in the first place: then what stands there is only looked at.
  const { store, require } = placeOf(parts, record);
  await require(signal);
  if (record.place !== null && (await isGoneByRecord(store, record, signal))) {
    // Lost where it was written to before it was brought home: what another destination has of it comes home.
    await require(signal);
    const reason = `it is not in the destination ${record.place} any more`;
    if (await catalog.backups.markMissing(record.backupId, true, clock.now(), record.place))
      await raiseMissing(parts, record, reason);
    const at = later(parts, parts.config.lease.reaperMs);
    if (record.place !== destination.name) await catalog.copies.release(refOf(copy), at);
    else await settleGone({ parts, destination, copy, log }, reason, at);
    return true;
  }
  const size = record.size ?? copy.bytes;
  const { backupId, storedBytes, target } = copy;
  // What was written there in the first place is there already.
  if (record.place !== destination.name)
    await requireDestinationQuota(parts, destination, { backupId, target, bytes: size, storedBytes });
  let passed = 0;
  const pace = paceOf(destination.throttleBytesPerSecond ?? null, clock);
  const { objects, backup } = await runCopy(
    { from: store, to: destination.store, ...pace, onBytes: (bytes) => (passed += bytes) },
    {
      ...{ backupId: copy.backupId, thorough: copy.thorough },
      expect: { sha256: record.hash, attempt: record.commit?.attempt ?? null },
      wanted: () => isStillWanted(parts, copy, signal),
    },
    signal,
  );
  // A volume that was unmounted meanwhile has got what was not meant for it.
  await requireDestination(parts, destination, signal);
  const at = clock.now();
  // That nobody can tell is no failure of the copy.
  const lockedUntil = await lockOf(destination.store, backup, at, signal).catch(() => null);
  const done = {
    at,
    stamp: copyStampOf(record),
    bytes: size,
    lockedUntil,
    verifyAt: verifyAfterCopy(destination, copy, passed, at),
  };
  const kept = await surely(parts, log, () => catalog.copies.copied(refOf(copy), done));
  if (!kept) throw leftToAnother(copy);
  metrics.replicaCopied({ destination: destination.name, bytes: passed, at });
  // Told now, and not with the next look alone: what is copied next may be refused.
  if (destination.quota !== undefined)
    await checkDestinationQuota(parts, destination).catch((error: unknown) =>
      log.failure('quota not checked', error, 'catalog'),
    );
  log.info('backup copied', { objects, bytes: passed, durationSeconds: (clock.monotonicMs() - began) / 1000 });
  return true;
}

function verifyAfterCopy({ verify: level }: Destination, copy: CopyRecord, bytes: number, at: Date): Date | null {
  if (level === null) return null;
  return bytes > 0 || copy.verifiedAt === null ? at : copy.verifyAt;
}

/** What a failed try leaves: tried again with growing pauses for ever, and told. */
async function end({ parts, destination, copy, log }: ClaimedCopy, error: AppError): Promise<void> {
  const { catalog, clock, metrics, tuning, random } = parts;
  if (error.code === 'run/fenced') {
    log.info('copy left to another', { reason: error.message });
    // Where it was only deleted meanwhile the claim is still ours.
    await catalog.copies.release(refOf(copy), later(parts, parts.config.lease.reaperMs)).catch(() => undefined);
    return;
  }
  if (error.code === 'run/cancelled') {
    log.info('copy given up: its backup is being deleted');
    await surely(parts, log, () => catalog.copies.release(refOf(copy), later(parts, parts.config.lease.reaperMs)));
    return;
  }
  if (error.code === 'worker-shutdown') {
    await catalog.copies.release(refOf(copy), null).catch(() => undefined);
    return;
  }
  metrics.replicaFailed(destination.name);
  const found = copy.state === 'verifying' ? await judge(parts, destination, error) : 'failed';
  const isDamaged = copy.state === 'verifying' && found === 'failed';
  const pauseMs = isDamaged || found === 'missing' ? 0 : retryPauseMs(copy.attempts, tuning, random);
  const nextAttemptAt = later(parts, pauseMs);
  const failure = { error, at: clock.now(), nextAttemptAt, state: found, thorough: copy.thorough || isDamaged };
  const failed = await surely(parts, log, () => catalog.copies.failed(refOf(copy), failure));
  if (failed === null) return;
  const what = copy.state === 'verifying' ? 'copy not verified' : 'backup not copied';
  log.failure(what, error, 'store', { attempts: failed.attempts, nextAttemptAt, copy: found });
}

/** What a failed verification says of a copy: damaged (it is copied anew), gone, or nothing at all. */
async function judge(
  parts: WorkerParts,
  destination: Destination,
  error: AppError,
): Promise<'failed' | 'missing' | 'copied'> {
  if (!goneCodes.includes(error.code)) return saysDamaged(error.code) ? 'failed' : 'copied';
  try {
    // A volume that was unmounted meanwhile has none of them: that is no loss.
    await requireDestination(parts, destination, AbortSignal.timeout(parts.tuning.probeTimeoutMs));
    return 'missing';
  } catch {
    return 'copied';
  }
}
