import type { Compression, Consistency, Trigger } from './backup-json.js';
import type { ErrorCode, Stage } from './error-codes.js';
import type { BackupState, TaskState, UseKind } from './states.js';
import type { VerificationLevel } from './store-files.js';
import type { Role } from './tokens.js';

// What the catalogue keeps, as plain values: how records look to everybody who is not the catalogue (spec/api.md, docs/DESIGN.md "States, claims, follow-ups").

/** An error as a record keeps it; never a secret. `message` stands beside it as `errorMessage`. */
export interface RecordedError {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly retryable: boolean;
  readonly hint: string | null;
}

export interface RecordedProgress {
  readonly stage: Stage;
  readonly archiveBytes: number;
  readonly storedBytes: number;
  readonly documents: number;
  readonly estimatedBytes: number | null;
  readonly bytesPerSecond: number;
  readonly updatedAt: Date;
}

/** What a run used, measured by the process that made it. */
export interface RunResources {
  /** Of the process and of the programs that it ran (mongodump). */
  readonly cpuSeconds: number;
  /** Of the process alone. */
  readonly peakRssBytes: number;
  readonly archiveBytesPerSecond: number;
  /** Longest delay of the event loop during the run. */
  readonly eventLoopDelayMs: number;
}

export interface RecordedVerification {
  readonly verificationId: string;
  readonly level: VerificationLevel;
  readonly status: TaskState;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly error: (RecordedError & { readonly message: string }) | null;
}

/** One line of a record's story. */
export interface RecordedEvent {
  readonly at: Date;
  /** `created`, `claimed`, `stage`, `retry`, `committed`, `completed`, `failed`, `cancelled`, `verified`, `verification-failed`, `deleting`, `deleted` … */
  readonly type: string;
  readonly message: string;
}

export interface BackupMetadata {
  readonly collections: readonly { readonly name: string; readonly documents: number; readonly bytes: number }[];
  readonly totalDocuments: number;
  /** BSON bytes. */
  readonly totalSize: number;
  /** Archive bytes / stored bytes. */
  readonly compressionRatio: number;
}

/** Who runs something, under which fence. Every write of a run filters on `fence`. */
export interface Claim {
  readonly fence: number;
  /** Process that claimed it last: `<host>/<pid>/<random>`; null before the first claim. */
  readonly owner: string | null;
  /** Counts heart-beats; a lease has expired when fence and beat stand still on the observer's monotonic clock. */
  readonly beat: number;
  /** Claims since the last one that ended with a result (an error counts as one, a lost worker does not): three are poison. */
  readonly lost: number;
}

/** The commit (1) of spec/objects.md: which attempt, and the exact bytes of `backup.json`. */
export interface RecordedCommit {
  readonly attempt: number;
  readonly bytes: string;
}

/** One use at a time, under a lease of its own: `fence` counts uses, `beat` heart-beats. While `kind` is null nobody uses it so. */
export interface RecordedUse {
  readonly kind: UseKind | null;
  readonly owner: string | null;
  readonly fence: number;
  readonly beat: number;
}

export interface BackupRecord {
  readonly backupId: string;
  readonly target: string;
  readonly trigger: Trigger;
  readonly status: BackupState;
  readonly createdAt: Date;
  /** The scheduled time; null for a manual backup. */
  readonly slot: Date | null;
  readonly correlationId: string;
  /** Name, or `*` for several; null until a worker has claimed the record. */
  readonly database: string | null;
  /** What was chosen by hand (`recordedPart`); null: nothing was, or no more than a database. */
  readonly part: string | null;
  /** The full key of the data object; relative in a directory. */
  readonly s3Key: string | null;
  readonly hash: string | null;
  readonly size: number | null;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly errorMessage: string | null;
  readonly error: RecordedError | null;
  readonly metadata: BackupMetadata | null;
  readonly retentionDate: Date | null;
  readonly verificationStatus: {
    readonly verified: boolean;
    /** Of the verification that said so. Null as well where an older version wrote it. */
    readonly level: VerificationLevel | null;
    readonly verifiedAt: Date | null;
    readonly verificationHash: string | null;
  };
  /** Runs that ended with an error that is worth a retry; at the limit the record is failed. */
  readonly failures: number;
  readonly stage: Stage | null;
  readonly progress: RecordedProgress | null;
  readonly engine: { readonly name: string; readonly version: string } | null;
  /** Of a completed one: what it is consistent to. Null as well where an older version completed it. */
  readonly consistency: Pick<Consistency, 'mode' | 'at'> | null;
  readonly compression: Compression | null;
  readonly keyIds: readonly string[];
  readonly label: string | null;
  readonly pinned: boolean;
  readonly verifications: readonly RecordedVerification[];
  readonly events: readonly RecordedEvent[];
  readonly warnings: readonly string[];
  readonly resources: RunResources | null;
  readonly deletedAt: Date | null;
  /** The store refuses to remove it before, as last seen; null: not locked, or nobody has looked. */
  readonly lockedUntil: Date | null;
  /** When the last good verification at any level began or, without one, when the backup was completed: drives the background verification. */
  readonly lastProvenAt: Date | null;
  /** The store in which it stands. */
  readonly storeId: string | null;
  /** The destination that it was written to (or is being written to), for the primary store was away; null: the primary store, also once it was brought home. */
  readonly place: string | null;
  readonly claim: Claim;
  /** Number of the job that carries it: the job's id is `<backupId>-<jobNumber>`. */
  readonly jobNumber: number;
  readonly nextAttemptAt: Date | null;
  /** Holds the target's one running place. */
  readonly running: boolean;
  readonly cancelRequestedAt: Date | null;
  /** Of a record that is `deleting`: somebody asked for it although it may be the last good one. */
  readonly deleteForced: boolean;
  readonly commit: RecordedCommit | null;
  /** Marks wanted (counts changes of pin and label) and marks written to the store (spec/objects.md, "Marks"). */
  readonly marks: { readonly wanted: number; readonly written: number };
  readonly use: RecordedUse;
  /** `commit` is newer than the `backup.json` in the store: the backup was sealed anew, and whoever looks next puts it. */
  readonly commitDue: boolean;
}

/** A target's schedule as the catalogue keeps it: which slot was made last, and whether it is paused. */
export interface ScheduleRecord {
  readonly target: string;
  /** The newest slot whose record was inserted; where catching up begins. */
  readonly lastSlot: Date | null;
  /** Where this schedule began to count (its first sight, a change of it, or the end of a pause): nothing before it is overdue. */
  readonly firstSlot: Date | null;
  /** What the slots were last counted by, so that another schedule is seen to be another; null: written by a version that did not keep it. */
  readonly plan: string | null;
  readonly pausedAt: Date | null;
  readonly pausedBy: string | null;
}

export type AlertKind =
  | 'backup-failed'
  | 'verification-failed'
  | 'restore-failed'
  | 'drill-failed'
  | 'drill-overdue'
  | 'overdue'
  | 'no-worker'
  | 'quota-warning'
  | 'quota-critical'
  | 'superseded'
  | 'cleanup-failed'
  | 'keys-missing'
  | 'size-anomaly'
  | 'missing'
  | 'replica-behind'
  | 'store-unusable'
  | 'unusual-activity'
  | 'hook-failed'
  | 'recovered'
  | 'test';

/** A message to people, kept until every channel has it. */
export interface NotificationRecord {
  readonly notificationId: string;
  readonly kind: AlertKind;
  /** What recovered, for `recovered`. */
  readonly of: AlertKind | null;
  readonly target: string | null;
  readonly backupId: string | null;
  readonly correlationId: string | null;
  readonly message: string;
  readonly hint: string | null;
  readonly createdAt: Date;
  readonly deliveries: readonly NotificationDelivery[];
}

export interface NotificationDelivery {
  readonly channel: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly lastError: string | null;
  readonly deliveredAt: Date | null;
  readonly nextAttemptAt: Date | null;
}

/** What a ticket of an event stream stands for: the token that asked for it. */
export interface StreamTicket {
  /** SHA-256 of the ticket. */
  readonly digest: string;
  readonly subject: string;
  readonly tokenId: string;
  readonly role: Role;
  /** Of the token. */
  readonly issuedAt: Date;
  readonly connectBefore: Date;
  /** The token's end. */
  readonly endsAt: Date;
}
