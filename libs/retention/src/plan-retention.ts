import { retentionNow } from './retention-now.js';
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
}

export interface RetentionPlan {
  /** One for each record. */
  readonly decisions: readonly RetentionDecision[];
  /** Backups that would go; the number to confirm when it is over half. */
  readonly wanted: number;
  /** Over half would go, and the number was not confirmed: nothing is removed. */
  readonly confirmationNeeded: boolean;
}

/** What one run may remove, over all its targets. A run that would remove over half is refused unless exactly its number was confirmed. */
export function planRetention(targets: readonly RetentionTarget[], run: RetentionRun): RetentionPlan {
  const decisions = targets.flatMap((target) => decideTarget(target, run));
  const wanted = decisions.filter(({ decision }) => decision === 'remove').length;
  const good = new Set(
    targets.flatMap(({ records }) => records.filter((record) => record.good).map(({ backupId }) => backupId)),
  );
  // Of all, and of the good ones: garbage in the store must not water the share down.
  const share =
    overHalf(decisions, '') ??
    overHalf(
      decisions.filter(({ backupId }) => good.has(backupId)),
      ' good ones',
    );
  const confirmationNeeded = share !== null && run.confirm !== wanted;
  if (!confirmationNeeded) return { decisions, wanted, confirmationNeeded };
  const reason = `${share} would go, which is over half: ${toConfirm} ${wanted} if that is meant`;
  return { decisions: decisions.map((decision) => refuse(decision, reason)), wanted, confirmationNeeded };
}

const toConfirm = 'confirm the number';

/** Why a run removed nothing at all, with the number to confirm; null: it was not refused. What is kept of a run (`CleanupResult`) tells it by its reasons alone. */
export function refusalIn(decisions: readonly { readonly reasons: readonly string[] }[]): string | null {
  return decisions.flatMap(({ reasons }) => reasons).find((reason) => reason.includes(toConfirm)) ?? null;
}

/** How many of them would go, in words, if that is over half. */
function overHalf(decisions: readonly RetentionDecision[], what: string): string | null {
  const removed = decisions.filter(({ decision }) => decision === 'remove').length;
  return removed * 2 > decisions.length ? `${removed} of ${decisions.length}${what}` : null;
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
  const decisions = selectExpired(policy, records, retentionNow(records, { clock, storeTime, intervalMs }));
  if (!target.lastRunsFailed) return decisions;
  return decisions.map((decision) => refuse(decision, 'the last three runs of its target failed'));
}

function refuse(decision: RetentionDecision, reason: string): RetentionDecision {
  if (decision.decision !== 'remove') return decision;
  return { ...decision, decision: 'kept-by-refusal', reasons: [...decision.reasons, reason] };
}
