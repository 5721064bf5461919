import type { Claim, RecordedError } from './records.js';
import type { RotationOutcome, TaskState } from './states.js';
import type { VerificationLevel } from './store-files.js';
import type { SyncResult, SyncWish } from './sync.js';

export type TaskKind = 'verify' | 'cleanup' | 'rotate' | 'sync';

/** A verification, a cleanup, a rotation of keys or a sync of the catalogue: has an id, a state, a claim and, at the end, a result. */
export interface TaskRecord {
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly status: TaskState;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly correlationId: string;
  /** Of a verification. */
  readonly backupId: string | null;
  readonly level: VerificationLevel | null;
  /** Of a cleanup. */
  readonly cleanup: CleanupWish | null;
  readonly result: CleanupResult | null;
  /** Of a rotation of keys. */
  readonly rotation: RotationWish | null;
  readonly rotated: RotationResult | null;
  /** Of a sync of the catalogue. */
  readonly sync: SyncWish | null;
  readonly synced: SyncResult | null;
  readonly errorMessage: string | null;
  readonly error: RecordedError | null;
  readonly failures: number;
  readonly claim: Claim;
  readonly jobNumber: number;
  readonly nextAttemptAt: Date | null;
}

export interface CleanupWish {
  /** Null: every target. */
  readonly target: string | null;
  readonly dryRun: boolean;
  /** The count of a dry run, when over half would go. */
  readonly confirm: number | null;
}

export interface CleanupResult {
  readonly dryRun: boolean;
  /** One line a backup, with the reason. */
  readonly decisions: readonly {
    readonly backupId: string;
    readonly decision: 'keep' | 'remove' | 'kept-by-refusal';
    readonly reasons: readonly string[];
  }[];
  readonly removed: number;
  readonly freedBytes: number;
  readonly orphansRemoved: number;
  readonly recordsPurged: number;
  /** Foreign names, unreadable files, whole folders without a commit: reported, left alone. */
  readonly reports: readonly string[];
}

export interface RotationWish {
  /** Null: every target. */
  readonly target: string | null;
  readonly dryRun: boolean;
  /** Seal anew with new data keys, instead of rewrapping those that there are. */
  readonly rewrite: boolean;
  /** Names of the keys to go to: a worker whose current keys are others refuses. Null: those of the worker that takes it. */
  readonly keyIds: readonly string[] | null;
}

export interface RotationResult {
  readonly dryRun: boolean;
  readonly rewrite: boolean;
  /** Names of the keys that backups were brought to. */
  readonly keyIds: readonly string[];
  readonly rotated: number;
  readonly current: number;
  readonly failed: number;
  /** One line a backup, in each place. */
  readonly backups: readonly {
    readonly backupId: string;
    /** The destination; null: the primary store. */
    readonly place: string | null;
    readonly outcome: RotationOutcome;
    /** Why it failed. */
    readonly error: { readonly code: string; readonly message: string } | null;
  }[];
  /** What was not touched, and should be looked at: whole folders without a commit mark. */
  readonly reports: readonly string[];
}
