import { writeOnly } from '#crypto';
import type { SyncResult } from '#contracts';
import { requireStore } from './objects/store-identity.js';
import { adoptFolder, wholeAttempts } from './sync/adopt-folder.js';
import { joinRecords, walkRecords, type Pair } from './sync/join-records.js';
import { LeaseWatch } from './sync/lease-watch.js';
import { confirmLoss, syncCommitted, withoutCommit, type PairOutcome } from './sync/sync-pair.js';
import type { SyncDeps, SyncRequest, SyncRun } from './sync/sync-types.js';
import { Tally } from './sync/tally.js';
import { walkFolders } from './sync/walk-folders.js';

export type { FoundBackup, FoundMarks, SyncCatalog, SyncDeps, SyncRecord, SyncRequest } from './sync/sync-types.js';

const atOnce = 16;

/**
 * Brings the catalogue in line with the store, which is the truth on backups: a proven backup without a record gets one, a record whose backup is gone becomes
 * `missing` (only after a complete listing, and a definite answer on its keys), one whose backup is back `completed`, newer marks are taken over. Records that are
 * pending, running or being deleted are left alone, deleted ones never revived, foreign names and damage reported. Repeatable at any time, beside live workers;
 * memory does not grow with the number of backups, but for those that are missing. A dry run changes nothing.
 */
export async function runSync(deps: SyncDeps, request: SyncRequest, signal: AbortSignal): Promise<SyncResult> {
  deps.observer.stage('catalog');
  if (!deps.ring.canOpen) throw writeOnly('A record is made of what the sealed manifest proves');
  const identity = await requireStore(deps.store, request.expectedStoreId, signal);
  const tally = new Tally();
  const { changed, problem } = tally;
  const expectedStoreId = request.expectedStoreId ?? identity?.storeId ?? null;
  const storeId = identity?.storeId ?? '';
  const run: SyncRun = { deps, request, storeId, expectedStoreId, signal, changed, problem };
  const leases = await LeaseWatch.open(run);
  const lost = new Map<string, string>();

  const look = async (pair: Pair): Promise<void> => {
    const outcome = await lookAt(run, pair, leases);
    if (pair.folder?.hasBackupJson === true) tally.found += 1;
    if (outcome === 'unchanged') tally.unchanged += 1;
    else if (outcome === 'left-alone') tally.leftAlone += 1;
    else if (typeof outcome === 'object') lost.set(pair.backupId, outcome.lost);
  };
  const folders = walkFolders(deps.store, request.target, (name) => tally.foreignName(name), signal);
  let some: Pair[] = [];
  for await (const pair of joinRecords(folders, walkRecords(deps.catalog, request.target))) {
    some.push(pair);
    if (some.length < atOnce) continue;
    await Promise.all(some.map(look));
    some = [];
  }
  await Promise.all(some.map(look));

  // The listing was complete. A volume that was unmounted meanwhile has none of them: that is no loss of a backup.
  if (lost.size > 0) await requireStore(deps.store, expectedStoreId, signal);
  for (const [backupId, loss] of lost) await confirmLoss(run, backupId, loss);
  await leases.close();
  return tally.result(request.dryRun);
}

async function lookAt(run: SyncRun, { folder, record }: Pair, leases: LeaseWatch): Promise<PairOutcome> {
  if (folder === null) return withoutCommit(record);
  if (folder.hasBackupJson) return syncCommitted(run, folder, record);
  const outcome = withoutCommit(record);
  if (outcome === 'left-alone' || record?.status === 'deleted' || wholeAttempts(folder).length === 0) return outcome;
  if (run.request.adopt) {
    const adopted = await adoptFolder(run, folder, record, leases);
    return adopted === 'told' ? outcome : adopted;
  }
  run.problem(
    `${folder.backupId} holds data and manifest but no backup.json: kept; catalog sync --adopt takes it in when it is good`,
  );
  return outcome;
}
