import type { ObjectStore } from '#storage';
import type { CleanupCatalog, DeletionCatalog, DeletionView, Sighting } from './deps.js';
import type { CleanupRun } from './cleanup/cleanup-types.js';
import { takeInventory, type Inventory } from './cleanup/inventory.js';
import { sweepOrphans } from './cleanup/sweep-orphans.js';
import { readSightingsFile, writeSightingsFile } from './cleanup/sightings-file.js';

export interface SweepDeps {
  readonly store: ObjectStore;
  readonly clock: CleanupRun['deps']['clock'];
  readonly catalog: DeletionCatalog;
}

export interface SweepResult {
  readonly removed: number;
  readonly freedBytes: number;
  readonly reports: readonly string[];
}

/**
 * The orphans of a destination (spec/objects.md, "Orphans"): what broken-off copies and backups left there, open uploads included. By the rules of a cleanup, but
 * for one: another installation may copy to the same place, so what this catalogue has no record of is left alone. What the sweeper saw it keeps in the store itself.
 */
export async function runSweep(
  { store, clock, catalog }: SweepDeps,
  { graceMs }: { readonly graceMs: number },
  signal: AbortSignal,
): Promise<SweepResult> {
  const reports: string[] = [];
  const inventory = await takeInventory(store, null, signal);
  const storeTime = await store.serverTime(signal);
  const records: Pick<CleanupCatalog, 'view' | 'readSightings' | 'writeSightings'> = {
    view: async (backupId) => (await catalog.view(backupId)) ?? notOurs,
    readSightings: () => readSightingsFile(store, signal),
    writeSightings: async (sightings) => {
      const theirs = await sightingsOfOthers({ store, catalog }, inventory, signal);
      await writeSightingsFile(store, [...sightings, ...theirs], signal);
    },
  };
  const run: CleanupRun = {
    deps: { store, clock, observer: { stage: () => undefined } },
    catalog: records as CleanupCatalog,
    request: { target: null, dryRun: false, confirm: null, graceMs, expectedStoreId: null, policyOf: () => null },
    now: new Date(Math.min(clock.now().getTime(), storeTime?.getTime() ?? Infinity)),
    adoptedBy: 'copied to the primary store, hazina catalog sync --adopt takes it in there when it is good',
    ...{ storeTime, signal, report: (text) => reports.push(text) },
  };
  return { ...(await sweepOrphans(run, inventory)), reports };
}

/** What another installation's sweeper saw of its own: without it nothing there would ever be old enough to go. Gone with its folder. */
async function sightingsOfOthers(
  { store, catalog }: Pick<SweepDeps, 'store' | 'catalog'>,
  { folders }: Inventory,
  signal: AbortSignal,
): Promise<readonly Sighting[]> {
  const kept: Sighting[] = [];
  for (const sighting of await readSightingsFile(store, signal)) {
    const [, backupId = ''] = sighting.folder.split('/');
    if (folders.has(backupId) && (await catalog.view(backupId)) === null) kept.push(sighting);
  }
  return kept;
}

/** Seen as a run that is under way. */
const notOurs: DeletionView = {
  ...({ status: 'in_progress', commitConflict: false, committed: null } as const),
  ...{ pinned: false, foundBad: false, usedBy: null, otherGood: [] },
};
