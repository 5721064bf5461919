import { overHalfRefused, refuse } from './refusal.js';
import { retentionTimes } from './retention-now.js';
import { selectExpired } from './select-expired.js';
import type { RetentionDecision, RetentionPolicy, RetentionRecord } from './types.js';

export interface RetentionTarget {
  readonly target: string;
  /** Null: nobody has said what to keep (a target that the configuration does not know any more); everything is kept. */
  readonly policy: RetentionPolicy | null;
  readonly intervalMs: number | null;
  readonly records: readonly RetentionRecord[];
  /** The last three runs of the target failed: nothing of it is removed. */
  readonly lastRunsFailed: boolean;
}

export interface RetentionRun {
  readonly clock: Date;
  readonly storeTime: Date | null;
  /** How many removals the operator has confirmed, after a dry run; null: none. */
  readonly confirm: number | null;
  /** Nothing goes by it: the number to confirm is that of everything it tells. Default false. */
  readonly dryRun?: boolean;
}

export interface RetentionPlan {
  /** One for each record. */
  readonly decisions: readonly RetentionDecision[];
  /** Backups that would go; the number to confirm. */
  readonly wanted: number;
  /** Over half would go, of all or of a target, and the number was not confirmed: nothing of it is removed. */
  readonly confirmationNeeded: boolean;
}

const dayMs = 86_400_000;

/**
 * What one run may remove, over all its targets. A run that would remove over half is refused unless exactly its number was confirmed; of a run that would not, so is a
 * target alone that would lose over half of its own, and the others go on.
 */
export function planRetention(targets: readonly RetentionTarget[], run: RetentionRun): RetentionPlan {
  const each = targets.map((target) => ({ target, decisions: decideTarget(target, run) }));
  const decisions = each.flatMap((one) => one.decisions);
  const wanted = countRemoved(decisions);
  if (run.confirm === wanted) return { decisions, wanted, confirmationNeeded: false };
  const share = overHalf(
    decisions,
    targets.flatMap(({ records }) => records),
  );
  if (share !== null) {
    const reason = overHalfRefused(share, wanted);
    return { decisions: decisions.map((decision) => refuse(decision, reason)), wanted, confirmationNeeded: true };
  }
  const shares = each.map((one) => overHalf(one.decisions, one.target.records, dailyWork(one.target, run)));
  const refused = each.filter((_, at) => shares[at] !== null).flatMap((one) => one.decisions);
  // What this run removes does not go once more in the next one.
  const number = run.dryRun === true ? wanted : countRemoved(refused);
  const judged = each.flatMap(({ target, decisions: own }, at) => {
    const ownShare = shares[at] ?? null;
    if (ownShare === null) return own;
    const reason = overHalfRefused(ownShare, number, target.target);
    return own.map((decision) => refuse(decision, reason));
  });
  return { decisions: judged, wanted, confirmationNeeded: refused.length > 0 };
}

function countRemoved(decisions: readonly RetentionDecision[]): number {
  return decisions.filter(({ decision }) => decision === 'remove').length;
}

/**
 * How many of the records would go, in words, if that is over half: of all, or of the good ones, for garbage in the store must not water the share down.
 * `isDaily`: such records count as one of them, whatever becomes of them.
 */
function overHalf(
  decisions: readonly RetentionDecision[],
  records: readonly RetentionRecord[],
  isDaily: (record: RetentionRecord) => boolean = () => false,
): string | null {
  const removed = new Set(decisions.flatMap(({ backupId, decision }) => (decision === 'remove' ? [backupId] : [])));
  const shareOf = (some: readonly RetentionRecord[], what: string): string | null => {
    const spared = Math.max(0, some.filter(isDaily).length - 1);
    const going = some.filter(({ backupId }) => removed.has(backupId)).length;
    return (going - spared) * 2 > some.length - spared ? `${going} of ${some.length}${what}` : null;
  };
  return (
    shareOf(records, '') ??
    shareOf(
      records.filter(({ good }) => good),
      ' good ones',
    )
  );
}

/** What came since yesterday's run. A target that is backed up many times a day loses as many each day, which is no loss of what stood. */
function dailyWork({ records, intervalMs }: RetentionTarget, run: RetentionRun): (record: RetentionRecord) => boolean {
  // By the time of what is of all: while its backups have stopped, those of parts are no daily work of it.
  const now = retentionTimes(records, { ...run, intervalMs })('').getTime();
  return ({ completedAt }) => completedAt.getTime() <= now && completedAt.getTime() > now - dayMs;
}

function decideTarget(target: RetentionTarget, { clock, storeTime }: RetentionRun): RetentionDecision[] {
  const { policy, records, intervalMs } = target;
  if (policy === null)
    return records.map(({ backupId }) => ({
      backupId,
      target: target.target,
      decision: 'keep',
      reasons: ['no policy is configured for its target'],
    }));
  const decisions = selectExpired(policy, records, retentionTimes(records, { clock, storeTime, intervalMs }));
  if (!target.lastRunsFailed) return decisions;
  return decisions.map((decision) => refuse(decision, 'the last three runs of its target failed'));
}
