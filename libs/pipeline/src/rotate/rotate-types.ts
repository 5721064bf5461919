import type { AppError, Clock, Random, RotationOutcome } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';

/** The catalogue as a rotation sees it. */
export interface RotationCatalog {
  /** Throws `store/changed` when the records belong to another store. */
  requireStore(signal: AbortSignal): Promise<void>;
  /** Notes which keys open a backup now. Repeatable; no record, or one that is going, is none of its business. */
  keysOf(backupId: string, keyIds: readonly string[]): Promise<void>;
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
}

export interface RotateRequest {
  /** Null: every target. */
  readonly target: string | null;
  /** Opens every header and says what would be done; writes nothing. */
  readonly dryRun: boolean;
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
  /** Names of the keys that backups are rewrapped to. */
  readonly keyIds: readonly string[];
  /** Newest first. */
  readonly results: readonly RotatedBackup[];
}
