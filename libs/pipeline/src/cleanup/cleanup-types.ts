import type { Clock } from '#contracts';
import type { KeyRing } from '#crypto';
import type { RetentionPolicy } from '#retention';
import type { ObjectStore } from '#storage';
import type { CleanupCatalog, RunObserver } from '../deps.js';

export interface CleanupDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly observer: Pick<RunObserver, 'stage'>;
  /** Absent: the bucket alone decides. */
  readonly catalog?: CleanupCatalog;
  /** Counts only without catalogue: with keys, a backup whose dates its sealed manifest does not prove is neither removed nor counted as good. */
  readonly ring?: KeyRing;
  /** Called for each backup as soon as retention has removed it: what comes after may fail. */
  readonly onRemoved?: (backupId: string) => void;
}

export interface CleanupRequest {
  /** Null: every target. */
  readonly target: string | null;
  readonly dryRun: boolean;
  /** The number of removals of a dry run, when over half would go. */
  readonly confirm: number | null;
  /** BACKUP_ORPHAN_GRACE_HOURS. */
  readonly graceMs: number;
  /** The store that the catalogue belongs to; null: it knows none, or there is none. */
  readonly expectedStoreId: string | null;
  /** What to keep of a target, and its usual time between two backups; null: not configured, nothing of it expires. */
  readonly policyOf: (
    target: string,
  ) => { readonly policy: RetentionPolicy; readonly intervalMs: number | null } | null;
}

/** What the steps of one cleanup share. */
export interface CleanupRun {
  readonly deps: CleanupDeps;
  readonly catalog: CleanupCatalog;
  readonly request: CleanupRequest;
  /** The earliest of clock, store's Date and catalogue's time. */
  readonly now: Date;
  /** The earlier of store's Date and catalogue's time; null: neither tells. */
  readonly storeTime: Date | null;
  /** For people: how a whole folder without commit becomes a backup. */
  readonly adoptedBy: string;
  readonly signal: AbortSignal;
  /** For people: what was found and left alone. */
  readonly report: (text: string) => void;
}
