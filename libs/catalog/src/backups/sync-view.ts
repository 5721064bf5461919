import type { BackupRecord, BackupState, Clock, FoundCopy } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import type { RebuiltFacts, RebuiltMarks } from '../contract/sync.js';

/** A record as a sync sees it (the pipeline's `SyncRecord`, in the same form). */
export interface RecordedSyncView {
  readonly backupId: string;
  readonly status: BackupState;
  readonly pinned: boolean;
  readonly label: string | null;
  readonly hash: string | null;
  readonly fence: number;
  readonly committed: number | null;
  readonly commitDue: boolean;
  readonly marks: { readonly wanted: number; readonly written: number };
  readonly commitConflict: boolean;
  readonly place: string | null;
}

/** What the catalogue knows of destinations, for whoever looks for backups without a record there (the pipeline's `UnrecordedLook`). */
export function knownCopies({ settings, copies }: Catalog, clock: Clock) {
  return {
    bindDestination: (name: string, storeId: string) => settings.bindDestination(name, storeId),
    adoptCopy: (destination: string, found: FoundCopy) => copies.adopt(destination, found, clock.now()),
    destinationStoreId: (name: string) => settings.destinationStoreId(name),
    copiesOf: (backupId: string) => copies.of([backupId]),
  };
}

/** The records as a sync sees them (the pipeline's `SyncCatalog`, in the same form). */
export function syncCatalog({ backups, sync }: Catalog, clock: Clock) {
  return {
    targets: () => backups.targets(),
    page: async (target: string, after: string | null, limit: number) =>
      (await sync.page(target, after, limit)).map(viewOf),
    async find(backupId: string): Promise<RecordedSyncView | null> {
      const record = await backups.find(backupId);
      return record === null ? null : viewOf(record);
    },
    commitOf: async (backupId: string) => (await backups.find(backupId))?.commit ?? null,
    rebuild: (facts: RebuiltFacts, over: Pick<RecordedSyncView, 'fence'> | null) =>
      over === null ? sync.rebuild(facts, clock.now()) : sync.rebuildOver(facts, over, clock.now()),
    takeMarks: ({ backupId, status, marks: { wanted } }: RecordedSyncView, marks: RebuiltMarks) =>
      sync.takeMarks(backupId, { wanted, status }, marks, clock.now()),
    takeRewrite: (record: RecordedSyncView, facts: RebuiltFacts) => sync.takeRewrite(facts, record, clock.now()),
    markMissing: (backupId: string, missing: boolean) => backups.markMissing(backupId, missing, clock.now()),
  };
}

function viewOf(record: BackupRecord): RecordedSyncView {
  const { backupId, status, pinned, label, hash, marks, claim, commit, error } = record;
  return {
    ...{ backupId, status, pinned, label, hash, marks },
    fence: claim.fence,
    committed: commit?.attempt ?? null,
    commitDue: record.commitDue,
    commitConflict: error?.code === 'commit/conflict',
    place: record.place,
  };
}
