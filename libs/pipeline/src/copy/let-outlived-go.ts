import { protectionsOf, refuse, toConfirm, type RetentionDecision, type RetentionPlan } from '#retention';
import {
  carryOut,
  lookCloser,
  type ExpireCopiesDeps,
  type ExpireCopiesRequest,
  type StandingCopy,
} from './expire-copies.js';

const why =
  'its backup went by retention of the primary store, and the destination has no retention of its own (any more)';

/** Copies that a destination's own retention had kept beyond the primary store. `lost`: those that a listing did not show. */
export function outlivedOf(standing: readonly StandingCopy[], lost: ReadonlySet<string>): readonly StandingCopy[] {
  return standing.filter((copy) => copy.outlived && !lost.has(copy.backupId));
}

/**
 * Lets go what a destination's own retention had kept beyond the primary store, when it has none any more. Nothing says how long that is to be kept, and it may be all
 * that there is: so it goes only when its exact number is confirmed, and what is pinned, locked or in use stays even then.
 */
export async function letOutlivedGo(
  deps: ExpireCopiesDeps,
  { dryRun, confirm, lost }: Omit<ExpireCopiesRequest, 'policyOf'>,
  signal: AbortSignal,
): Promise<RetentionPlan> {
  const { clock, copies } = deps;
  const standing = outlivedOf(await copies.standing(), lost);
  const decided: RetentionDecision[] = [];
  for (const copy of standing) decided.push(decide(await lookCloser(deps, copy, clock.now(), signal), clock.now()));
  const wanted = decided.filter(({ decision }) => decision === 'remove').length;
  const confirmationNeeded = wanted > 0 && confirm !== wanted;
  const decisions = confirmationNeeded ? decided.map((decision) => refuse(decision, toConfirm(wanted))) : decided;
  return carryOut(deps, { plan: { decisions, wanted, confirmationNeeded }, standing, dryRun }, signal);
}

function decide(copy: StandingCopy, now: Date): RetentionDecision {
  const { backupId, target } = copy;
  const kept = protectionsOf(copy, now);
  return kept.length > 0
    ? { backupId, target, decision: 'keep', reasons: kept }
    : { backupId, target, decision: 'remove', reasons: [why] };
}
