import { messageOf, scratchIdOf } from '#contracts';
import { dropScratch } from '#engine';
import { restoreTargetOf, type WorkerParts } from '../core/worker-core.js';
import type { ClaimedRestore } from './claimed-restore.js';

type Scratched = Pick<ClaimedRestore, 'record' | 'log'> & {
  readonly observer: Pick<ClaimedRestore['observer'], 'scratch'>;
};

/**
 * What a scratch restore that came to nothing made, while its claim is held: a run that was fenced off and wakes late must not drop what its successor has
 * restored. Each database is looked at again before it is dropped. What is to be said of one that is still there; null: nothing. Never throws: the record's end
 * matters more, and the upkeep looks again (`LeftScratch`).
 */
export async function dropScratchWhileHeld(
  parts: Pick<WorkerParts, 'config' | 'catalog'>,
  claimed: Scratched & { readonly claim: Pick<ClaimedRestore['claim'], 'ref'> },
): Promise<string | null> {
  const { claim, log } = claimed;
  try {
    const { state } = await parts.catalog.restores.beat(claim.ref);
    return state === 'held' ? await dropScratchOf(parts, claimed) : null;
  } catch (error) {
    log.failure('scratch databases not dropped', error, 'catalog');
    return null;
  }
}

/** The same where the record has ended by this claim: nobody claims it any more. */
export async function dropScratchOf(
  parts: Pick<WorkerParts, 'config'>,
  { record, log, observer }: Scratched,
): Promise<string | null> {
  const { targetName, restoreId } = record;
  const target = restoreTargetOf(parts.config, targetName);
  if (record.mode !== 'scratch' || record.dryRun || target === undefined) return null;
  try {
    const dropped = await dropScratch(target.uri, scratchIdOf(restoreId), restoreId);
    if (dropped.length > 0) log.info('scratch databases dropped', { databases: dropped });
    return null;
  } catch (error) {
    log.failure('scratch databases not dropped', error, 'load', { databases: observer.scratch });
    const named =
      observer.scratch.length > 0 ? observer.scratch.join(', ') : `hazina_scratch_${scratchIdOf(restoreId)}_*`;
    return `The scratch databases ${named} on ${targetName} could not be dropped (${messageOf(error)}). The workers try it again until it is done; by hand: hazina restore --to-env NAME --drop-scratch ${restoreId}`;
  }
}
