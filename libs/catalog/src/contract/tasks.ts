import type {
  CleanupResult,
  CleanupWish,
  RotationResult,
  RotationWish,
  SyncResult,
  SyncWish,
  TaskKind,
  TaskRecord,
  VerificationLevel,
} from '#contracts';
import type { BackupFailure, ClaimRef, ClaimState, LeaseView } from './claims.js';

export interface NewTask {
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly createdAt: Date;
  readonly correlationId: string;
  readonly backupId: string | null;
  readonly level: VerificationLevel | null;
  readonly cleanup: CleanupWish | null;
  readonly rotation?: RotationWish | null;
  readonly sync?: SyncWish | null;
}

export interface TaskDone {
  readonly at: Date;
  readonly result: CleanupResult | null;
  /** With failures in it the task is `completed_with_differences`. */
  readonly rotated?: RotationResult | null;
  readonly synced?: SyncResult | null;
}

export interface TaskRepository {
  /** False: a task of this id exists, or another verification of the backup is not final yet. */
  insert(task: NewTask): Promise<boolean>;
  withdraw(taskId: string): Promise<boolean>;
  find(taskId: string): Promise<TaskRecord | null>;
  claim(taskId: string, owner: string, now: Date): Promise<TaskRecord | null>;
  beat(ref: ClaimRef): Promise<ClaimState>;
  complete(ref: ClaimRef, done: TaskDone): Promise<TaskRecord | null>;
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
  /** Verifications that are over, but whose outcome `BackupRepository.verified` has not noted yet. */
  unrecorded(): Promise<readonly TaskRecord[]>;
  /** Whether a verification of this backup is pending or in progress (a use, spec/objects.md "Deletion"). */
  uses(backupId: string): Promise<boolean>;
  purge(endedBefore: Date): Promise<number>;
}
