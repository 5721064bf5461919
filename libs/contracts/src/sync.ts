// A sync of the catalogue: what was asked for, and what it found (docs/catalog-sync.md).

export interface SyncWish {
  /** Null: every target. */
  readonly target: string | null;
  /** Take in whole folders without a commit mark. */
  readonly adopt: boolean;
  readonly dryRun: boolean;
}

/** What a sync does to one backup's record. */
export const syncChanges = ['rebuilt', 'adopted', 'missing', 'returned', 'marked', 'rewritten'] as const;
export type SyncChange = (typeof syncChanges)[number];

/** The catalogue after a look at the bucket, which is the truth on backups. */
export interface SyncResult {
  readonly dryRun: boolean;
  /** Backups (`backup.json`) in the store. */
  readonly found: number;
  /** Of these: their record says the same. */
  readonly unchanged: number;
  /** Their record is pending, running or being deleted: left alone. */
  readonly leftAlone: number;
  /** Changes of each kind; in a dry run those that would be made. */
  readonly counts: Readonly<Record<SyncChange, number>>;
  /** What could not be brought in line, or is damaged: told in `reports`. */
  readonly problems: number;
  /** Names that match no pattern of ours: reported, left alone. */
  readonly foreign: number;
  /** The first of them, each with its reason. */
  readonly changes: readonly { readonly backupId: string; readonly change: SyncChange; readonly detail: string }[];
  readonly reports: readonly string[];
}
