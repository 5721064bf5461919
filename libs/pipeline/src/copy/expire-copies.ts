import { throwIfAborted, type AppError, type Clock } from '#contracts';
import {
  planRetention,
  refuse,
  type RetentionDecision,
  type RetentionPlan,
  type RetentionPolicy,
  type RetentionRecord,
} from '#retention';
import type { ObjectStore } from '#storage';
import { earlierOf } from '../objects/earlier-of.js';
import { readPin } from '../objects/marks-file.js';
import type { RecordedCopy } from './find-lost-copies.js';
import { lockOfCopy } from './lock-of-copy.js';

/** A copy that stands in the destination. */
export interface StandingCopy extends RetentionRecord {
  readonly copyId: string;
  /** Its backup went from the primary store by retention, and the destination's own kept it. */
  readonly outlived: boolean;
}

/** The records of one destination's copies. */
export interface CopiesCatalog {
  /** Those that `standing` gives, and no more of them than a listing is compared with. */
  recorded(): Promise<readonly RecordedCopy[]>;
  standing(): Promise<readonly StandingCopy[]>;
  lastRunsFailed(target: string): Promise<boolean>;
  /** The clock of the catalogue's server; null: it does not tell. */
  serverTime(): Promise<Date | null>;
  /** The workers remove it; false: it is no longer what it was. */
  beginRemove(copyId: string): Promise<boolean>;
}

export interface ExpireCopiesDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly copies: CopiesCatalog;
  /** Called for each copy that goes, as soon as the workers have it (or would have, in a dry run). */
  readonly onExpired?: (decision: RetentionDecision) => void;
  /** Marks that could not be read: they may say that the backup is pinned, so the copy is kept. */
  readonly onDamaged?: (backupId: string, error: AppError) => void;
}

export interface ExpireCopiesRequest {
  readonly dryRun: boolean;
  /** How many removals the operator has confirmed, after a dry run; null: none. */
  readonly confirm: number | null;
  /** What the destination keeps of a target; null: nobody knows the target (any more), and everything of it is kept. */
  readonly policyOf: (
    target: string,
  ) => { readonly policy: RetentionPolicy; readonly intervalMs: number | null } | null;
  /** Those that a listing did not show (`findLostCopies`): they protect no other copy. */
  readonly lost: ReadonlySet<string>;
}

/**
 * What a destination's own retention lets go. Decided as in the primary store (`planRetention`), by the records of its copies and what lies there: locks, and the marks
 * of what would go. The caller has made sure that it is the right store, and that the primary one is there: else copies may be all that there is.
 */
export async function expireCopies(
  deps: ExpireCopiesDeps,
  { dryRun, confirm, policyOf, lost }: ExpireCopiesRequest,
  signal: AbortSignal,
): Promise<RetentionPlan> {
  const { store, clock, copies } = deps;
  const standing = (await copies.standing()).filter(({ backupId }) => !lost.has(backupId));
  const targets = [...new Set(standing.map(({ target }) => target))].sort();
  const rules = await Promise.all(
    targets.map(async (target) => ({
      target,
      ...(policyOf(target) ?? { policy: null, intervalMs: null }),
      lastRunsFailed: await copies.lastRunsFailed(target),
    })),
  );
  const storeTime = earlierOf(await store.serverTime(signal), await copies.serverTime());
  const run = { clock: clock.now(), storeTime, confirm, dryRun };
  const planOf = (records: readonly RetentionRecord[]): RetentionPlan =>
    planRetention(
      rules.map((rule) => ({ ...rule, records: records.filter(({ target }) => target === rule.target) })),
      run,
    );
  // What would go is asked for its lock and its pin, and then everything is decided anew: the share that goes must be the true one.
  const going = new Set(
    planOf(standing).decisions.flatMap(({ decision, backupId }) => (decision === 'keep' ? [] : [backupId])),
  );
  const closer: StandingCopy[] = [];
  for (const copy of standing)
    closer.push(going.has(copy.backupId) ? await lookCloser(deps, copy, run.clock, signal) : copy);
  return carryOut(deps, { plan: planOf(closer), standing, dryRun }, signal);
}

/** Gives what goes by a plan to the workers, or (in a dry run) says what would. */
export async function carryOut(
  deps: ExpireCopiesDeps,
  {
    plan,
    standing,
    dryRun,
  }: { readonly plan: RetentionPlan; readonly standing: readonly StandingCopy[]; readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<RetentionPlan> {
  const copyIds = new Map(standing.map(({ backupId, copyId }) => [backupId, copyId]));
  const decisions: RetentionDecision[] = [];
  for (const decision of plan.decisions) {
    throwIfAborted(signal, 'cleanup');
    const kept = decision.decision !== 'remove' || dryRun ? null : await begin(deps, decision, copyIds, signal);
    decisions.push(kept === null ? decision : refuse(decision, kept));
    if (decision.decision === 'remove' && kept === null) deps.onExpired?.(decision);
  }
  return { ...plan, decisions };
}

/** With the lock and, where there is none, the pin that lie there. */
export async function lookCloser(
  { store, onDamaged }: ExpireCopiesDeps,
  copy: StandingCopy,
  now: Date,
  signal: AbortSignal,
): Promise<StandingCopy> {
  const { backupId } = copy;
  const lockedUntil = await lockOfCopy(store, backupId, now, signal);
  if (lockedUntil !== null) return { ...copy, lockedUntil };
  const { pinned, damage } = await readPin(store, backupId, copy.pinned, signal);
  if (damage !== null) onDamaged?.(backupId, damage);
  return { ...copy, pinned };
}

/** Gives it to the workers; or says why it stays after all. */
async function begin(
  { store, copies }: ExpireCopiesDeps,
  { backupId }: RetentionDecision,
  copyIds: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string | null> {
  // Between the look and now others were looked at, and a pin may have come.
  if ((await readPin(store, backupId, false, signal)).pinned) return 'pinned';
  return (await copies.beginRemove(copyIds.get(backupId) ?? '')) ? null : 'it changed meanwhile';
}
