import { throwIfAborted } from '#contracts';
import type { RetentionDecision, RetentionPlan } from '#retention';
import {
  begin,
  lookCloser,
  type ExpireCopiesDeps,
  type ExpireCopiesRequest,
  type StandingCopy,
} from './expire-copies.js';

const why =
  'its backup went by retention of the primary store, and the destination has no retention of its own (any more)';

/**
 * Lets go what a destination's own retention had kept beyond the primary store, when it has none any more. Nothing says how long that is to be kept, and it may be all
 * that there is: so it goes only when its exact number is confirmed, and what is pinned, locked or in use stays even then.
 */
export async function letOutlivedGo(
  deps: ExpireCopiesDeps,
  { dryRun, confirm, lost }: Omit<ExpireCopiesRequest, 'policyOf'>,
  signal: AbortSignal,
): Promise<RetentionPlan> {
  const { clock, copies, onExpired } = deps;
  const outlived = (await copies.standing()).filter((copy) => copy.outlived && !lost.has(copy.backupId));
  const looked: StandingCopy[] = [];
  for (const copy of outlived) looked.push(await lookCloser(deps, copy, clock.now(), signal));
  const planned = looked.map((copy) => decide(copy, clock.now()));
  const wanted = planned.filter(({ decision }) => decision === 'remove').length;
  const confirmationNeeded = wanted > 0 && confirm !== wanted;
  const copyIds = new Map(outlived.map(({ backupId, copyId }) => [backupId, copyId]));
  const decisions: RetentionDecision[] = [];
  for (const decision of planned) {
    throwIfAborted(signal, 'cleanup');
    const kept =
      decision.decision !== 'remove'
        ? null
        : confirmationNeeded
          ? `confirm the number ${wanted} if that is meant`
          : dryRun
            ? null
            : await begin(deps, decision, copyIds, signal);
    if (kept !== null)
      decisions.push({ ...decision, decision: 'kept-by-refusal', reasons: [...decision.reasons, kept] });
    else decisions.push(decision);
    if (decision.decision === 'remove' && kept === null) onExpired?.(decision);
  }
  return { decisions, wanted, confirmationNeeded };
}

function decide({ backupId, target, pinned, usedBy, lockedUntil }: StandingCopy, now: Date): RetentionDecision {
  const reasons = [
    ...(pinned ? ['pinned'] : []),
    ...(usedBy === null ? [] : [`in use: ${usedBy}`]),
    ...(lockedUntil !== null && lockedUntil > now ? [`locked until ${lockedUntil.toISOString()}`] : []),
  ];
  return reasons.length > 0
    ? { backupId, target, decision: 'keep', reasons }
    : { backupId, target, decision: 'remove', reasons: [why] };
}
