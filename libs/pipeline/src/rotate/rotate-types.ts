import type { AppError, BackupJson, Clock, Random, RotationOutcome } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import type { RewriteJournal, RunObserver } from '../deps.js';

/** The catalogue as a rotation sees it. */
export interface RotationCatalog {
  /** Throws `store/changed` when the records belong to another store. */
  requireStore(signal: AbortSignal): Promise<void>;
  /** Notes which keys open a backup now. Repeatable; no record, or one that is going, is none of its business. */
  keysOf(backupId: string, keyIds: readonly string[]): Promise<void>;
  /**
   * Holds a use of the backup while `act` runs (spec/objects.md, "Deletion"): nobody deletes it meanwhile, and during a `rewrite` nobody verifies, restores or
   * copies it either. `signal` is aborted when the use is lost. `record`: of a rewrite, never null then. `gone`: it is being deleted. Throws `backup/refused`
   * when others have it and go on having it, `backup/not-completed` when its record is no completed one.
   */
  hold<T>(
    backupId: string,
    kind: 'rotation' | 'rewrite',
    act: (held: { readonly signal: AbortSignal; readonly record: RewriteJournal | null }) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | 'gone'>;
}

/** The same, with the copies of destinations. */
export interface PlacesCatalog extends RotationCatalog {
  /** Whether what stands in this destination is a copy of ours that nothing replaces any more: retention took its backup from the primary store. */
  standsAlone(place: string, backupId: string): Promise<boolean>;
  /**
   * Holds such a copy while `act` runs, and keeps what stands there then: nobody removes it or reads it back meanwhile. `gone`: it goes. Throws `backup/refused` when
   * others have it and go on having it.
   */
  holdCopy<T>(
    place: string,
    backupId: string,
    act: (signal: AbortSignal) => Promise<{ readonly result: T; readonly standing: BackupJson }>,
    signal: AbortSignal,
  ): Promise<T | 'gone'>;
}

/** A destination: copies are rewrapped, and what stands there alone is sealed anew, where they lie. */
export interface RotationPlace {
  readonly name: string;
  readonly store: ObjectStore;
}

export interface RotateDeps {
  readonly store: ObjectStore;
  /** `current` is what backups are rewrapped to; `retired` what opens them until then. */
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  /** Absent: nobody keeps records. */
  readonly catalog?: RotationCatalog;
  /** Told of every backup as it is done. */
  readonly onResult?: (result: RotatedBackup) => void;
  readonly scryptCost?: number;
  /** Told of the backup that is sealed anew. */
  readonly observer?: Pick<RunObserver, 'stage' | 'progress'>;
  /** First pause between tries of commit (1); doubles. Default 1,000. */
  readonly commitPauseMs?: number;
}

export interface RotateRequest {
  /** Null: every target. */
  readonly target: string | null;
  /** Opens every header and says what would be done; writes nothing. */
  readonly dryRun: boolean;
  /** Seal anew with new data keys instead of rewrapping those that there are; null: no. `graceMs`: BACKUP_ORPHAN_GRACE_HOURS. */
  readonly rewrite?: { readonly graceMs: number } | null;
  /** Names of the keys to go to: `keys/differ` when the ring's current keys are others. Null or absent: whatever they are. */
  readonly keyIds?: readonly string[] | null;
  /** By which keys of passphrases are named, for copies: that of the store from which they were copied. Default: the store's own. */
  readonly kdfSalt?: string;
  /** Backups that are passed over. */
  readonly except?: ReadonlySet<string>;
  /** No others than these. */
  readonly only?: ReadonlySet<string>;
}

export interface RotatedBackup {
  readonly backupId: string;
  /** `failed`: as it was, or between: it opens with the keys that it opened with before. */
  readonly outcome: RotationOutcome;
  /** The key slots found; empty where no header could be read. */
  readonly before: readonly string[];
  /** The slots that stand now (in a dry run: that would stand). */
  readonly after: readonly string[];
  readonly warnings: readonly string[];
  readonly error: AppError | null;
}

export interface RotationReport {
  readonly dryRun: boolean;
  readonly rewrite: boolean;
  /** Names of the keys that backups are brought to. */
  readonly keyIds: readonly string[];
  /** Newest first. */
  readonly results: readonly RotatedBackup[];
  /** What was not touched and should be looked at: whole folders without a commit mark keep the keys that they have. */
  readonly reports: readonly string[];
}
