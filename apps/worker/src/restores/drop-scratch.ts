import { scratchIdOf } from '#contracts';
import { dropScratch } from '#engine';
import { restoreTargetOf, type WorkerParts } from '../core/worker-core.js';
import type { ClaimedRestore } from './claimed-restore.js';

/**
 * What a scratch restore that came to nothing made, while its claim is held: a run that was fenced off and wakes late must not drop what its successor has
 * restored. Each database is looked at again before it is dropped. Never throws: the record's end matters more.
 */
export async function dropScratchWhileHeld(
  parts: Pick<WorkerParts, 'config' | 'catalog'>,
  claimed: Pick<ClaimedRestore, 'record' | 'log'> & { readonly claim: Pick<ClaimedRestore['claim'], 'ref'> },
): Promise<void> {
  const { claim, log } = claimed;
  try {
    const { state } = await parts.catalog.restores.beat(claim.ref);
    if (state === 'held') await dropScratchOf(parts, claimed);
  } catch (error) {
    log.failure('scratch databases not dropped', error, 'catalog');
  }
}

/** The same where the record has ended by this claim: nobody claims it any more. */
export async function dropScratchOf(
  parts: Pick<WorkerParts, 'config'>,
  { record, log }: Pick<ClaimedRestore, 'record' | 'log'>,
): Promise<void> {
  const target = restoreTargetOf(parts.config, record.targetName);
  if (record.mode !== 'scratch' || record.dryRun || target === undefined) return;
  try {
    const dropped = await dropScratch(target.uri, scratchIdOf(record.restoreId), record.restoreId);
    if (dropped.length > 0) log.info('scratch databases dropped', { databases: dropped });
  } catch (error) {
    log.failure('scratch databases not dropped', error, 'load');
  }
}
