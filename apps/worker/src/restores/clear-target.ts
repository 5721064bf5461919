import { AppError, type RestoreRecord } from '#contracts';
import { putBackRestore } from '#engine';
import { restoreTargetOf, type WorkerParts } from '../core/worker-core.js';
import type { ClaimedRestore } from './claimed-restore.js';

/** Failures beyond `BACKUP_ATTEMPTS` after which a target that does not answer is given up: with pauses of an hour, about two days. */
const furtherTries = 48;
/** Beside the lease of a plan, which is waited for. */
const longestMs = 120_000;

/**
 * Before the record of a restore ends for good: what its runs left in the target while they loaded is put back. The plans in the target tell it, so this needs no
 * store; nobody would come back for it. Null: nothing lies there that can be put back. Else why it could not be; never throws.
 */
export async function clearTarget(parts: WorkerParts, claimed: ClaimedRestore): Promise<AppError | null> {
  const { record, claim, observer, log } = claimed;
  const target = restoreTargetOf(parts.config, record.targetName);
  if (!observer.mayLeave || record.mode === 'scratch' || target === undefined) return null;
  const { leaseMs, beatMs } = parts.config.lease;
  try {
    // Somebody else's by now: then the write that ends it is refused as well.
    if ((await parts.catalog.restores.beat(claim.ref)).state !== 'held') return null;
    const signal = AbortSignal.timeout(2 * leaseMs + longestMs);
    const left = await putBackRestore(target.uri, record.restoreId, {
      ...{ lease: { leaseMs, beatMs }, signal, clock: parts.clock },
    });
    return left === 'clear' ? null : renaming(record);
  } catch (error) {
    log.failure('what was loaded is not put back yet', error, 'load');
    return AppError.from(error, 'load');
  }
}

/** Whether it is tried again what could not be put back. Renames that were begun stay, as ever, when the attempts are used up. */
export function triesAgain({ config }: Pick<WorkerParts, 'config'>, record: RestoreRecord, left: AppError): boolean {
  return left.code !== 'restore/unfinished' && record.failures + 1 < config.attempts + furtherTries;
}

/** What is said of it in the end. */
export function leftNote({ targetName }: RestoreRecord, left: AppError): string {
  if (left.code === 'restore/unfinished') return left.message;
  return `What was loaded could not be removed (${left.message}): collections _hazina_tmp_* and _hazina_restore may lie in the databases of ${targetName} that it was restored into, and nothing else. The next restore into them removes both; so does dropping these collections`;
}

function renaming({ targetName }: RestoreRecord): AppError {
  return new AppError({
    code: 'restore/unfinished',
    stage: 'rename',
    message: `An earlier run stopped while it gave the loaded collections their names in ${targetName}`,
    hint: 'Ask for the same restore again: it finishes the renames',
  });
}
