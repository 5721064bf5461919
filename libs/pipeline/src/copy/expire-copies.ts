import type { AppError, Clock } from '#contracts';
import { planRetention, type RetentionPlan, type RetentionPolicy, type RetentionRecord } from '#retention';
import type { ObjectStore } from '#storage';
import { readPin } from '../objects/marks-file.js';
import { lockOfCopy } from './lock-of-copy.js';

/** A copy that stands in the destination. */
export interface StandingCopy extends RetentionRecord {
  readonly copyId: string;
}

/** The records of one destination's copies. */
export interface CopiesCatalog {
  standing(): Promise<readonly StandingCopy[]>;
  lastRunsFailed(target: string): Promise<boolean>;
  /** The workers remove it; false: it is no longer what it was. */
  beginRemove(copyId: string): Promise<boolean>;
}

export interface ExpireCopiesRequest {
  readonly dryRun: boolean;
  /** How many removals the operator has confirmed, after a dry run; null: none. */
  readonly confirm: number | null;
  /** What the destination keeps of a target; null: nobody knows the target (any more), and everything of it is kept. */
  readonly policyOf: (
    target: string,
  ) => { readonly policy: RetentionPolicy; readonly intervalMs: number | null } | null;
  /** Copies that a listing did not show. */
  readonly except?: ReadonlySet<string>;
}

export interface ExpireCopiesReport extends RetentionPlan {
  /** Backups whose copies are to go: given to the workers, or that would be. */
  readonly expired: readonly string[];
  /** Marks that could not be read: they may say that the backup is pinned, so the copy is kept. */
  readonly damaged: readonly { readonly backupId: string; readonly error: AppError }[];
}

/**
 * What a destination's own retention lets go. Decided as in the primary store (`planRetention`), by the records of its copies and what lies there: locks, and the marks
 * of what would go. The caller has made sure that it is the right store, and that the primary one is there: else copies may be all that there is.
 */
export async function expireCopies(
  deps: { readonly store: ObjectStore; readonly clock: Clock; readonly copies: CopiesCatalog },
  { dryRun, confirm, policyOf, except = new Set() }: ExpireCopiesRequest,
  signal: AbortSignal,
): Promise<ExpireCopiesReport> {
  const { store, clock, copies } = deps;
  const standing = (await copies.standing()).filter(({ backupId }) => !except.has(backupId));
  const targets = [...new Set(standing.map(({ target }) => target))].sort();
  const rules = await Promise.all(
    targets.map(async (target) => ({
      target,
      ...(policyOf(target) ?? { policy: null, intervalMs: null }),
      lastRunsFailed: await copies.lastRunsFailed(target),
    })),
  );
  const run = { clock: clock.now(), storeTime: await store.serverTime(signal), confirm };
  const planOf = (records: readonly RetentionRecord[]): RetentionPlan =>
    planRetention(
      rules.map((rule) => ({ ...rule, records: records.filter(({ target }) => target === rule.target) })),
      run,
    );
  // What would go is asked for its lock and its marks, and then everything is decided anew: the share that goes must be the true one.
  const going = new Set(
    planOf(standing).decisions.flatMap(({ decision, backupId }) => (decision === 'keep' ? [] : [backupId])),
  );
  const damaged: { backupId: string; error: AppError }[] = [];
  const closer: StandingCopy[] = [];
  for (const copy of standing) {
    const { backupId } = copy;
    if (!going.has(backupId)) {
      closer.push(copy);
      continue;
    }
    const { pinned, damage } = await readPin(store, backupId, copy.pinned, signal);
    if (damage !== null) damaged.push({ backupId, error: damage });
    const lockedUntil = (await lockOfCopy(store, backupId, run.clock, signal)) ?? copy.lockedUntil;
    closer.push({ ...copy, pinned, lockedUntil });
  }
  const plan = planOf(closer);
  const expired: string[] = [];
  for (const { backupId, decision } of plan.decisions) {
    const copy = standing.find((one) => one.backupId === backupId);
    if (decision !== 'remove' || copy === undefined) continue;
    if (dryRun || (await copies.beginRemove(copy.copyId))) expired.push(backupId);
  }
  return { ...plan, expired, damaged };
}
