import { setTimeout as delay } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { throwIfAborted, type Clock } from '#contracts';
import { watchLease, type Lease } from './lease-watch.js';
import { busy, findPlan, OwnedPlan, sightPlan, unfinishedByAnother, type PlanDraft } from './plan-store.js';
import type { PlanDocument, PlanEntry } from './plan-types.js';
import { dropTemporaries } from './undo.js';

export interface ClaimContext {
  readonly client: MongoClient;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Clears the way: abandoned restores in these databases are put back (phase `loading`), or found to be the one that is asked for now and handed out to be
 * finished (phase `renaming`). Throws `restore/busy` for a live one and `restore/unfinished` for the renames of a different one.
 */
export async function settleEarlierPlans(
  context: ClaimContext,
  databases: readonly string[],
  wanted: Pick<PlanDraft, 'backupId' | 'digest'>,
): Promise<OwnedPlan | null> {
  for (const db of databases) {
    for (let plan = await findPlan(context.client, db); plan; plan = await findPlan(context.client, db)) {
      const resumed = await settle(context, db, plan, wanted);
      if (resumed) return resumed;
    }
  }
  return null;
}

async function settle(
  context: ClaimContext,
  db: string,
  found: PlanDocument,
  wanted: Pick<PlanDraft, 'backupId' | 'digest'>,
): Promise<OwnedPlan | null> {
  const { client, lease } = context;
  const stale = await abandoned(context, db, found);
  if (!stale) return null;
  const same = stale.backupId === wanted.backupId && stale.digest === wanted.digest;
  if (stale.phase === 'renaming' && !same) throw unfinishedByAnother(stale, db, lease);
  return takeAway(client, stale);
}

/** Takes an abandoned plan over and puts its restore back; one that was renaming is handed out instead. Null also when somebody was faster. */
export async function takeAway(client: MongoClient, stale: PlanDocument): Promise<OwnedPlan | null> {
  const plan = await OwnedPlan.takeOver(client, stale);
  if (!plan) return null;
  // The phase cannot have changed since: a change of phase changes the beat, which the update filters on.
  if (stale.phase === 'renaming') return plan;
  if ((await plan.beginDropping()) === 'dropping') {
    await dropTemporaries(client, plan.allEntries());
    await plan.remove();
  }
  return null;
}

/** The plan when nobody owns it any more; waits for its lease, and throws `restore/busy` while it is alive. Null: it is gone. */
export async function abandoned(context: ClaimContext, db: string, found: PlanDocument): Promise<PlanDocument | null> {
  if (found.released) return found;
  const { client, lease, clock, signal } = context;
  const verdict = await watchLease(
    () => sightPlan(client, db),
    lease,
    clock,
    async (ms) => {
      await delay(ms, undefined, { signal }).catch(() => undefined);
      throwIfAborted(signal, 'plan');
    },
  );
  if (verdict.kind === 'gone') return null;
  if (verdict.kind === 'alive' && !verdict.seen.released) throw busy(verdict.seen, db);
  return verdict.seen;
}

/** Inserts our plan; null when another restore came first in one of the databases. */
export async function insertPlan(
  client: MongoClient,
  draft: PlanDraft,
  entries: readonly PlanEntry[],
): Promise<OwnedPlan | null> {
  return OwnedPlan.insert(
    client,
    draft,
    Map.groupBy(entries, (entry) => entry.db),
  );
}
