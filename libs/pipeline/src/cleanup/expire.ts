import { AppError, type CleanupResult } from '#contracts';
import { isLocked } from '#storage';
import { planRetention, type RetentionDecision, type RetentionPlan, type RetentionRecord } from '#retention';
import { lockOf } from '../delete/find-refusal.js';
import { readPin } from '../objects/marks-file.js';
import { runDelete } from '../run-delete.js';
import type { CleanupRun } from './cleanup-types.js';
import type { SeenBackup } from './find-missing.js';
import type { Inventory } from './inventory.js';

type Decision = CleanupResult['decisions'][number];

export interface Expiry {
  readonly decisions: readonly Decision[];
  readonly removed: number;
  readonly freedBytes: number;
}

/** Retention over what stands: decides for each backup, removes what may go, and says why of everything. */
export async function expire(run: CleanupRun, inventory: Inventory, seen: readonly SeenBackup[]): Promise<Expiry> {
  const standing = seen.filter(({ missing }) => !missing);
  const records = standing.map(({ record, loss }): RetentionRecord => ({
    ...record,
    good: record.good && record.status === 'completed' && loss === null,
    lockedUntil: null,
  }));
  // What would go is looked at more closely, and then everything is decided anew: the share that goes must be the true one.
  const first = await plan(run, records);
  const going = new Set(namesOf(first.decisions));
  const closer: RetentionRecord[] = [];
  for (const record of records)
    closer.push(going.has(record.backupId) ? await lookCloser(run, inventory, record) : record);
  const { decisions } = await plan(run, closer);

  const results: Decision[] = seen
    .filter(({ missing }) => missing)
    .map(({ record, loss }) => ({
      backupId: record.backupId,
      decision: 'keep',
      reasons: [`missing in the store: ${loss ?? ''}`],
    }));
  let removed = 0;
  let freedBytes = 0;
  for (const decision of decisions) {
    const { backupId, reasons } = decision;
    if (decision.decision !== 'remove' || run.request.dryRun) {
      results.push({ backupId, decision: decision.decision, reasons });
      continue;
    }
    const outcome = await remove(run, backupId);
    if (typeof outcome === 'number') {
      removed += 1;
      freedBytes += outcome;
    }
    results.push(
      typeof outcome === 'number'
        ? { backupId, decision: 'remove', reasons }
        : { backupId, decision: 'kept-by-refusal', reasons: [...reasons, outcome] },
    );
  }
  return { decisions: results, removed, freedBytes };
}

/** Those that the rules let go, refused as a whole or not. */
function namesOf(decisions: readonly RetentionDecision[]): string[] {
  return decisions.flatMap(({ backupId, decision }) => (decision === 'keep' ? [] : [backupId]));
}

async function plan(run: CleanupRun, records: readonly RetentionRecord[]): Promise<RetentionPlan> {
  const { request, catalog } = run;
  const targets = [...new Set(records.map(({ target }) => target))].sort();
  return planRetention(
    await Promise.all(
      targets.map(async (target) => ({
        target,
        policy: request.policyOf(target)?.policy ?? null,
        intervalMs: request.policyOf(target)?.intervalMs ?? null,
        records: records.filter((record) => record.target === target),
        lastRunsFailed: await catalog.lastRunsFailed(target),
      })),
    ),
    { clock: run.now, storeTime: run.storeTime, confirm: request.confirm, dryRun: request.dryRun },
  );
}

/** Pin of the marks and lock of the store, which a listing does not tell. */
async function lookCloser(run: CleanupRun, inventory: Inventory, record: RetentionRecord): Promise<RetentionRecord> {
  const commit = inventory.folders.get(record.backupId)?.commit ?? null;
  if (commit === null) return record;
  // Damage is reported and never deleted.
  if (commit instanceof AppError) return { ...record, usedBy: 'its backup.json cannot be read' };
  const { store } = run.deps;
  const lockedUntil = await lockOf(store, commit, run.now, run.signal);
  if (lockedUntil !== null && !run.request.dryRun) await run.catalog.noteLock(record.backupId, lockedUntil);
  const marks = await readPin(store, record.backupId, commit.pinned, run.signal);
  return { ...record, lockedUntil, pinned: record.pinned || marks.pinned };
}

/** Removes one backup, its record included. The bytes that it freed, or why it stays. */
async function remove(run: CleanupRun, backupId: string): Promise<number | string> {
  const { deps, catalog, signal } = run;
  if (!(await catalog.beginDelete(backupId))) return 'its record has changed meanwhile';
  try {
    const { store, clock } = deps;
    const withCatalog = deps.catalog === undefined ? {} : { catalog: deps.catalog };
    const result = await runDelete({ store, clock, ...withCatalog }, { backupId, force: false }, signal);
    if (result.outcome === 'deleted') {
      deps.onRemoved?.(backupId);
      await catalog.deleted(backupId);
      return result.freedBytes;
    }
    if (result.outcome === 'refused') await catalog.refuseDelete(backupId, result.message, result.isGone);
    return result.message;
  } catch (error) {
    if (!isLocked(error) && !(error instanceof AppError && error.code === 'store/refused')) throw error;
    // Begun, it stays `deleting`, and whoever finishes deletions tries again; not begun, it is a backup as before.
    if (error.details['standing'] === true) await catalog.refuseDelete(backupId, error.message, false);
    run.report(error.message);
    return error.message;
  }
}
