import type {
  AlertKind,
  AppError,
  AuditRecord,
  BackupJson,
  BackupRecord,
  BackupState,
  CleanupResult,
  CleanupWish,
  NotificationRecord,
  RecordedProgress,
  RunResources,
  ScheduleRecord,
  TaskKind,
  TaskRecord,
  Trigger,
  VerificationLevel,
  WorkerReport,
} from '#contracts';

/**
 * The catalogue: MongoDB as the truth on records and schedules. This comment is the contract.
 *
 * - Every change is one conditional update of one document, with write concern majority; no transactions (the server may have none).
 *   A method that did not find its condition says so by its result, never by an error; errors are `catalog/unavailable` (retry) or `catalog/refused`.
 * - Every write of a run takes a `ClaimRef` and filters on its fence: after another claim it changes nothing and answers `false`.
 * - Moves between states are those of `isAllowedMove`, checked in one place. Text from users is only ever a value, never a filter's form.
 * - Times come from the caller's clock; leases are judged by observers on their monotonic clock (`LeaseObserver`), never by stored times.
 */
export interface Catalog {
  readonly backups: BackupRepository;
  readonly tasks: TaskRepository;
  readonly schedules: ScheduleRepository;
  readonly workers: WorkerRepository;
  readonly alerts: AlertRepository;
  readonly audit: AuditRepository;
  readonly settings: SettingsRepository;
  /** A round trip, for probes; throws `catalog/unavailable` after `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** One claim of a record: only its holder may write. */
export interface ClaimRef {
  readonly id: string;
  readonly fence: number;
}

export interface NewBackup {
  readonly backupId: string;
  readonly target: string;
  readonly trigger: Trigger;
  readonly slot: Date | null;
  readonly correlationId: string;
  readonly createdAt: Date;
  readonly label: string | null;
  readonly pinned: boolean;
  /** Null: of a run without queue (trigger `cli`), claimed by its maker at once. */
  readonly jobNumber: number;
}

export type InsertOutcome =
  /** Inserted, and it holds the target's running place. */
  | { readonly outcome: 'inserted'; readonly record: BackupRecord }
  /** Inserted as waiting (only for slots): another backup of the target runs. */
  | { readonly outcome: 'waiting'; readonly record: BackupRecord; readonly superseded: readonly BackupRecord[] }
  /** Not inserted: the target is busy with this backup (only for those without a slot). */
  | { readonly outcome: 'busy'; readonly runningId: string }
  /** Not inserted: the slot has its record already. */
  | { readonly outcome: 'exists'; readonly record: BackupRecord };

export interface BackupQuery {
  readonly page: number;
  readonly limit: number;
  readonly status?: BackupState;
  readonly target?: string;
  readonly trigger?: Trigger;
  /** On `createdAt`, both inclusive. */
  readonly from?: Date;
  readonly to?: Date;
  readonly sortBy: 'createdAt' | 'startedAt' | 'completedAt' | 'size' | 'status';
  readonly sortOrder: 'asc' | 'desc';
}

export interface BackupFailure {
  readonly error: AppError;
  readonly at: Date;
}

export interface BackupRepository {
  /** Decides by unique indexes: one record a slot, one running a target. A newer slot replaces a waiting one (`failed`, code `superseded`). */
  insert(backup: NewBackup): Promise<InsertOutcome>;
  /** Takes back a record that was never claimed (pending, fence 0), after its job could not be added. False: somebody claimed it. */
  withdraw(backupId: string): Promise<boolean>;
  find(backupId: string): Promise<BackupRecord | null>;
  /** Deleted ones only when asked for by status. Stable: sorted by the field, then by backupId. Without the long fields (namespaces, events). */
  list(query: BackupQuery): Promise<{ readonly data: readonly BackupRecord[]; readonly total: number }>;
  stats(filter: { readonly target?: string }, now: Date): Promise<CatalogStats>;

  /** `pending → in_progress`, fence + 1; null when it is not pending or lost its place. `raiseTo`: the new fence is at least this. */
  claim(backupId: string, owner: string, now: Date, raiseTo?: number): Promise<BackupRecord | null>;
  /** Raises the fence of one's own claim above attempts found in the store; the new ref, or null when fenced. */
  raiseFence(ref: ClaimRef, to: number): Promise<ClaimRef | null>;
  /** A heart-beat. `lost` when the fence is another's or the record has left `in_progress`. */
  beat(ref: ClaimRef): Promise<ClaimState>;
  /** The same look without a beat, for watching a wish to cancel every 2 s. */
  look(ref: ClaimRef): Promise<ClaimState>;
  /** Stage, progress, an event when the stage changed. */
  progress(ref: ClaimRef, progress: RecordedProgress): Promise<boolean>;
  /** Engine, database names, as soon as the probe told them. */
  started(
    ref: ClaimRef,
    facts: { readonly database: string; readonly engine: { name: string; version: string } },
  ): Promise<boolean>;
  /** Commit (1): attempt and exact bytes of `backup.json`. From here the record only goes to `completed` (or `failed`, code `commit/conflict`). */
  recordCommit(ref: ClaimRef, commit: { readonly attempt: number; readonly bytes: string }): Promise<boolean>;
  /** `→ completed`, from what was committed; frees the running place. Also for a run of a lower fence whose commit stands: filters on the commit's attempt. */
  complete(backupId: string, done: CompletedFacts): Promise<boolean>;
  /** `in_progress → pending` with error and due time (also code `worker-shutdown`, which counts no failure); jobNumber + 1. The new record, or null when fenced. */
  retryLater(ref: ClaimRef, failure: BackupFailure, nextAttemptAt: Date): Promise<BackupRecord | null>;
  /** `in_progress → failed`; frees the running place. Refused (false) after commit (1) except for code `commit/conflict`. */
  fail(ref: ClaimRef, failure: BackupFailure, resources: RunResources | null): Promise<boolean>;
  /** `in_progress → cancelled` by its worker. Refused after commit (1). */
  cancelled(ref: ClaimRef, at: Date): Promise<boolean>;
  /** The wish to cancel. `cancelled`: was pending, is over now. `requested`: the worker will see it. `too-late`: committed or final. */
  requestCancel(backupId: string, by: string, at: Date): Promise<'cancelled' | 'requested' | 'too-late' | 'not-found'>;

  /** A lease that stood still: `in_progress → pending` (or `failed`, code `worker-lost`, at the third), filtered on fence and beat; null when it moved meanwhile. */
  expire(id: string, seen: { readonly fence: number; readonly beat: number }, at: Date): Promise<BackupRecord | null>;
  /** Fence and beat of everything in progress. */
  inProgress(): Promise<readonly LeaseView[]>;
  /** Pending ones that hold a place and are due, for the reconciler; in order of creation. */
  pendingDue(now: Date): Promise<readonly BackupRecord[]>;
  /** Gives the target's free place to its newest waiting slot; null when none waits or the place is taken. */
  promoteWaiting(target: string): Promise<BackupRecord | null>;
  /** Targets that have a waiting record. */
  waitingTargets(): Promise<readonly string[]>;
  /** jobNumber + 1, filtered on the number seen; the new number, or null when another was faster. */
  nextJob(backupId: string, seenJobNumber: number): Promise<number | null>;

  /** `completed|missing → deleting`; the record before. Null: not in such a state. */
  beginDelete(backupId: string, by: string, at: Date): Promise<BackupRecord | null>;
  /** `deleting → completed`, with the reason as an event. */
  refuseDelete(backupId: string, reason: string, at: Date): Promise<boolean>;
  /** `deleting|failed|cancelled → deleted`. */
  deleted(backupId: string, at: Date): Promise<boolean>;
  deleting(): Promise<readonly string[]>;
  /** `completed ↔ missing`. */
  markMissing(backupId: string, missing: boolean, at: Date): Promise<boolean>;
  /** Completed records (of a target), oldest first, for retention; with what retention needs. */
  completed(target?: string): Promise<readonly BackupRecord[]>;
  /** Deleted, failed and cancelled records that ended before the time: removed for good. The number. */
  purge(endedBefore: Date): Promise<number>;
  /** Pin, label; `marks.wanted` + 1. Null: no such record or not changeable in its state. */
  setMarks(
    backupId: string,
    change: { readonly pinned?: boolean; readonly label?: string | null },
  ): Promise<BackupRecord | null>;
  marksWritten(backupId: string, version: number): Promise<boolean>;
  marksBehind(): Promise<readonly string[]>;

  /** A verification's outcome: into `verifications` (the last 20), `verificationStatus`, `lastProvenAt`, an event. */
  verified(backupId: string, verification: TaskRecord, hash: string | null): Promise<boolean>;
  /** Completed ones that have no verification task yet, or whose last proof is before the time; oldest proof first. */
  needVerification(provenBefore: Date, limit: number): Promise<readonly BackupRecord[]>;
  /** The newest outcomes of a target (completed or failed), newest first: for "the last three runs failed" and the last_* metrics. */
  latest(target: string, limit: number): Promise<readonly BackupRecord[]>;
  targets(): Promise<readonly string[]>;
  /** End of the newest completed backup (still there or not), by target. */
  lastSuccess(): Promise<Readonly<Record<string, Date>>>;
}

export interface CompletedFacts {
  readonly backup: BackupJson;
  /** The data object's full key (with the store's prefix). */
  readonly s3Key: string;
  readonly metadata: BackupRecord['metadata'];
  readonly warnings: readonly string[];
  readonly resources: RunResources | null;
  readonly storeId: string;
}

export interface LeaseView {
  readonly kind: 'backup' | TaskKind;
  readonly id: string;
  readonly fence: number;
  readonly beat: number;
}

export type ClaimState = { readonly state: 'held'; readonly cancelRequested: boolean } | { readonly state: 'lost' };

export interface CatalogStats {
  readonly total: number;
  readonly byStatus: Readonly<Partial<Record<BackupState, number>>>;
  readonly storageBytes: number;
  readonly averageSize: number | null;
  readonly averageDurationMs: number | null;
  readonly durationPercentilesMs: { readonly p50: number; readonly p90: number; readonly p99: number } | null;
  readonly lastBackupAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastVerifiedAt: Date | null;
  readonly lastSuccessByTarget: Readonly<Record<string, Date>>;
  /** 30 days to today (UTC), oldest first, days without a run included. */
  readonly perDay: readonly {
    readonly date: string;
    readonly completed: number;
    readonly failed: number;
    readonly bytes: number;
  }[];
}

export interface NewTask {
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly createdAt: Date;
  readonly correlationId: string;
  readonly backupId: string | null;
  readonly level: VerificationLevel | null;
  readonly cleanup: CleanupWish | null;
}

export interface TaskRepository {
  /** False: a task of this id exists, or another verification of the backup is not final yet. */
  insert(task: NewTask): Promise<boolean>;
  withdraw(taskId: string): Promise<boolean>;
  find(taskId: string): Promise<TaskRecord | null>;
  claim(taskId: string, owner: string, now: Date): Promise<TaskRecord | null>;
  beat(ref: ClaimRef): Promise<ClaimState>;
  complete(
    ref: ClaimRef,
    done: { readonly at: Date; readonly result: CleanupResult | null },
  ): Promise<TaskRecord | null>;
  fail(ref: ClaimRef, failure: BackupFailure): Promise<TaskRecord | null>;
  retryLater(ref: ClaimRef, failure: BackupFailure, nextAttemptAt: Date): Promise<TaskRecord | null>;
  expire(id: string, seen: { readonly fence: number; readonly beat: number }, at: Date): Promise<TaskRecord | null>;
  inProgress(): Promise<readonly LeaseView[]>;
  pendingDue(now: Date): Promise<readonly TaskRecord[]>;
  nextJob(taskId: string, seenJobNumber: number): Promise<number | null>;
  /** The number the next verification of this backup gets: its id is `<backupId>-v<n>`. */
  nextVerificationNumber(backupId: string): Promise<number>;
  /** The newest cleanup that is not a dry run; null when none ran. */
  lastCleanup(): Promise<TaskRecord | null>;
  /** Whether a verification of this backup is pending or in progress (a use, spec/objects.md "Deletion"). */
  uses(backupId: string): Promise<boolean>;
  purge(endedBefore: Date): Promise<number>;
}

export interface ScheduleRepository {
  all(): Promise<readonly ScheduleRecord[]>;
  find(target: string): Promise<ScheduleRecord | null>;
  /** Moves `lastSlot` forward only. Makes the record when there is none, with `firstSlot` the same. */
  advance(target: string, slot: Date): Promise<void>;
  pause(target: string, by: string, at: Date): Promise<void>;
  /** Ends the pause; `lastSlot` and `firstSlot` become the newest slot of the pause: what was due meanwhile was not missed. */
  resume(target: string, newestSlot: Date): Promise<void>;
}

export interface WorkerRepository {
  publish(report: WorkerReport): Promise<void>;
  all(): Promise<readonly WorkerReport[]>;
  remove(workerId: string): Promise<void>;
}

/** States that people are told of: raised once, told once, cleared once. */
export interface AlertRepository {
  /** Raises `kind` for a key (`<kind>/<target>`); a notification is made only when it was not raised already. Null: no repeat. `event` kinds (backup failed again with another id) raise per `key`. */
  raise(alert: NewAlert): Promise<NotificationRecord | null>;
  /** Clears it; a `recovered` notification only when it was raised. */
  clear(
    key: string,
    recovered: {
      readonly message: string;
      readonly at: Date;
      readonly target: string | null;
      readonly backupId: string | null;
    },
  ): Promise<NotificationRecord | null>;
  raised(): Promise<
    readonly { readonly key: string; readonly kind: AlertKind; readonly target: string | null; readonly since: Date }[]
  >;
  findNotification(notificationId: string): Promise<NotificationRecord | null>;
  /** Takes the right to deliver for `leaseMs`; null when somebody else has it or nothing is left to deliver. */
  takeDelivery(notificationId: string, owner: string, now: Date, leaseMs: number): Promise<NotificationRecord | null>;
  /** One channel's outcome. */
  recordDelivery(
    notificationId: string,
    channel: string,
    outcome: { readonly at: Date; readonly error: string | null; readonly nextAttemptAt: Date | null },
  ): Promise<void>;
  /** Notifications with a channel that is pending and due, oldest first. */
  undelivered(now: Date): Promise<readonly NotificationRecord[]>;
}

export interface NewAlert {
  readonly key: string;
  readonly kind: AlertKind;
  readonly target: string | null;
  readonly backupId: string | null;
  readonly correlationId: string | null;
  readonly message: string;
  readonly hint: string | null;
  readonly at: Date;
  /** Names of the channels it goes to. */
  readonly channels: readonly string[];
}

export interface AuditRepository {
  append(entry: AuditRecord): Promise<void>;
}

export interface SettingsRepository {
  /** The store that this catalogue belongs to; set once. Throws `store/changed` when another is known. */
  bindStore(storeId: string): Promise<void>;
  storeId(): Promise<string | null>;
}
