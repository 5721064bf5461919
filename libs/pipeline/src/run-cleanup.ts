import { AppError, type CleanupResult } from '#contracts';
import { bucketCatalog } from './cleanup/bucket-catalog.js';
import type { CleanupDeps, CleanupRequest, CleanupRun } from './cleanup/cleanup-types.js';
import { expire } from './cleanup/expire.js';
import { findMissing } from './cleanup/find-missing.js';
import { takeInventory, type Inventory } from './cleanup/inventory.js';
import { sweepHidden } from './cleanup/sweep-hidden.js';
import { sweepOrphans } from './cleanup/sweep-orphans.js';
import { removeBackup } from './delete/remove-backup.js';
import { earlierOf } from './objects/earlier-of.js';
import { requireStore } from './objects/store-identity.js';

export type { CleanupDeps, CleanupRequest } from './cleanup/cleanup-types.js';

const mostForeignNames = 50;

/**
 * Retention and orphans over a complete listing of the store: records whose objects are gone become `missing`, expired backups go, orphans go after their grace,
 * old records are purged. Refuses another store than the catalogue's (`store/changed`). Foreign names, damage and whole folders without a commit are reported and
 * left alone. A dry run changes nothing, the sweeper's memory included.
 */
export async function runCleanup(
  deps: CleanupDeps,
  request: CleanupRequest,
  signal: AbortSignal,
): Promise<CleanupResult> {
  deps.observer.stage('cleanup');
  await requireStore(deps.store, request.expectedStoreId, signal);
  const reports: string[] = [];
  const report = (text: string) => reports.push(text);
  const catalog = deps.catalog ?? bucketCatalog(deps, report, signal);
  const storeTime = earlierOf(await deps.store.serverTime(signal), await catalog.serverTime());
  const now = new Date(Math.min(deps.clock.now().getTime(), storeTime?.getTime() ?? Infinity));
  const adoptedBy = 'hazina catalog sync --adopt takes it in when it is good';
  const run: CleanupRun = { deps, catalog, request, now, storeTime, adoptedBy, signal, report };

  const inventory = await takeInventory(deps.store, request.target, signal);
  reportForeign(run, inventory);
  const records = await catalog.completed(request.target);
  const seen = await findMissing(run, inventory, records);
  await withdrawDeleted(run, inventory, new Set(records.map(({ backupId }) => backupId)));
  const expiry = await expire(run, inventory, seen);
  const orphans = await sweepOrphans(run, inventory);
  const hiddenBytes = await sweepHidden(run);
  const recordsPurged = request.dryRun ? 0 : await catalog.purgeRecords();
  return {
    dryRun: request.dryRun,
    decisions: expiry.decisions,
    removed: expiry.removed,
    freedBytes: expiry.freedBytes + orphans.freedBytes + hiddenBytes,
    orphansRemoved: orphans.removed,
    recordsPurged,
    reports,
  };
}

function reportForeign({ report }: CleanupRun, { foreign }: Inventory): void {
  for (const name of foreign.slice(0, mostForeignNames))
    report(`${JSON.stringify(name)} is no name of ours: left alone`);
  if (foreign.length > mostForeignNames)
    report(`and ${foreign.length - mostForeignNames} more names that are not ours`);
}

/** What stands without a completed record: a `backup.json` whose record is `deleted` was put by an attempt that had been asleep, and goes again; others are reported. */
async function withdrawDeleted(run: CleanupRun, inventory: Inventory, recorded: ReadonlySet<string>): Promise<void> {
  const { deps, catalog, report, signal } = run;
  for (const { backupId, commit } of inventory.folders.values()) {
    if (commit === null || recorded.has(backupId)) continue;
    if (commit instanceof AppError) {
      report(`${backupId} is damaged: ${commit.message}`);
      continue;
    }
    if (deps.catalog === undefined) continue;
    const record = await catalog.view(backupId);
    const state = record?.status ?? null;
    if (record?.commitConflict === true) {
      report(`${backupId} is left alone: its commit met something else in the store`);
      continue;
    }
    if (state === null)
      report(
        `${backupId} stands in the store without a record: left alone; hazina show and hazina restore work with it`,
      );
    if (state !== 'deleted') continue;
    report(`${backupId} was deleted and stood there again: ${run.request.dryRun ? 'would be removed' : 'removed'}`);
    if (!run.request.dryRun) await removeBackup(deps.store, backupId, signal);
  }
}
