import { AppError } from '#contracts';
import type { CatalogBackup } from '../deps.js';
import { isGone } from '../objects/is-gone.js';
import { requireStore } from '../objects/store-identity.js';
import type { CleanupRun } from './cleanup-types.js';
import { lossInListing, type FolderInventory, type Inventory } from './inventory.js';

/** A record beside what stands of it in the store. */
export interface SeenBackup {
  readonly record: CatalogBackup;
  /** Null: it stands. */
  readonly loss: string | null;
  /** It is not there at all, which a look at its keys has confirmed: nothing to remove, nothing to count. */
  readonly missing: boolean;
}

/**
 * Compares the records with the listing. What a definite 404 confirms becomes `missing`, what is back becomes `completed` again; damage is reported.
 * A backup that was made after the listing began is not missed: its keys are looked at once more.
 */
export async function findMissing(
  run: CleanupRun,
  inventory: Inventory,
  records: readonly CatalogBackup[],
): Promise<SeenBackup[]> {
  const seen: SeenBackup[] = [];
  for (const record of records) {
    const folder = inventory.folders.get(record.backupId);
    const commit = folder?.commit ?? null;
    const loss = lossOf(folder);
    const missing = loss !== null && (await isGone(run.deps.store, record.backupId, commit, run.signal));
    if (missing) run.report(`${record.backupId} is missing in ${run.deps.store.location}: ${loss}`);
    else if (loss !== null && commit !== null) run.report(`${record.backupId} is damaged: ${loss}`);
    if (!run.request.dryRun && missing !== (record.status === 'missing') && (missing || loss === null)) {
      // A volume that was unmounted meanwhile has none of them: that is no loss of a backup.
      if (missing) await requireStore(run.deps.store, run.request.expectedStoreId, run.signal);
      await run.catalog.markMissing(record.backupId, missing);
    }
    seen.push({ record, loss, missing });
  }
  return seen;
}

function lossOf(folder: FolderInventory | undefined): string | null {
  const commit = folder?.commit ?? null;
  if (folder === undefined || commit === null) return 'backup.json is not there';
  return commit instanceof AppError ? commit.message : lossInListing(commit, folder);
}
