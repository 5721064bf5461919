import type {
  RestorePhase,
  RestoreProgress,
  RestoreRecord,
  RestoreReport,
  RestoreSafety,
  RestoreWish,
  Role,
  TaskState,
} from '#contracts';
import type { BackupFailure, ClaimRef, ClaimState, LeaseView } from './claims.js';
import type { After } from './pages.js';

export interface NewRestore extends RestoreWish {
  readonly restoreId: string;
  readonly createdAt: Date;
  readonly correlationId: string;
  readonly requestedBy: string;
  readonly role: Role;
}

export type InsertRestoreOutcome =
  | { readonly outcome: 'inserted'; readonly record: RestoreRecord }
  /** Not inserted: another restore writes into this target. */
  | { readonly outcome: 'busy'; readonly runningId: string }
  /** Not inserted: the backup is not there, or not `completed` (any more). */
  | { readonly outcome: 'no-backup' };

export interface RestoreQuery {
  readonly page: number;
  readonly limit: number;
  /** Instead of counting pages. */
  readonly after?: After;
  readonly status?: TaskState;
  readonly targetName?: string;
  readonly backupId?: string;
  /** On `createdAt`, both inclusive. */
  readonly from?: Date;
  readonly to?: Date;
  readonly sortOrder: 'asc' | 'desc';
}

export interface RestoreRepository {
  /**
   * Takes a use of the backup (spec/objects.md, "Deletion"), which ends with the restore. One restore at a time writes into a target; scratch restores and
   * dry runs, which write under names of their own or nothing, may be any number.
   */
  insert(restore: NewRestore): Promise<InsertRestoreOutcome>;
  /** Takes back what was never claimed, after its job could not be added. False: somebody claimed it. */
  withdraw(restoreId: string): Promise<boolean>;
  find(restoreId: string): Promise<RestoreRecord | null>;
  /** Newest first, unless asked otherwise. Without the long lists (namespaces of report and progress). */
  list(query: RestoreQuery): Promise<{ readonly data: readonly RestoreRecord[]; readonly total: number }>;

  /** `pending → in_progress`, fence + 1; null when it is not pending. */
  claim(restoreId: string, owner: string, now: Date): Promise<RestoreRecord | null>;
  beat(ref: ClaimRef): Promise<ClaimState>;
  /** The same look without a beat, for watching a wish to cancel. None is shown in the phase `renaming`. */
  look(ref: ClaimRef): Promise<ClaimState>;
  progress(ref: ClaimRef, progress: RestoreProgress, phase: RestorePhase): Promise<boolean>;
  /** From here on something of it may lie in the target (`mayLeave`). False when fenced. */
  beginLoading(ref: ClaimRef): Promise<boolean>;
  /** What will be replaced is backed up first, under this id. */
  planSafety(ref: ClaimRef, safety: RestoreSafety): Promise<boolean>;
  /** The restore whose safety backup this is. */
  ofSafety(backupId: string): Promise<RestoreRecord | null>;
  /**
   * From here on it only goes forward. `cancelled`: somebody wished to cancel before, so it must not. A restore that had begun its renames under an earlier
   * claim cannot be cancelled any more: `resumed` drops the wish.
   */
  beginRenaming(ref: ClaimRef, resumed: boolean): Promise<'renaming' | 'cancelled' | 'lost'>;

  /** The report of a restore that is done, before its last trace in the target goes: from here on whoever claims it only completes it. */
  finished(ref: ClaimRef, report: RestoreReport): Promise<boolean>;
  complete(ref: ClaimRef, done: { readonly at: Date; readonly report: RestoreReport }): Promise<RestoreRecord | null>;
  /** `in_progress → failed`; somebody must be told. */
  fail(ref: ClaimRef, failure: BackupFailure): Promise<RestoreRecord | null>;
  /**
   * `in_progress → pending` with error and due time; `cancelled` instead when that was wished and is still possible, unless something may lie in the target,
   * which the next run looks after first. Null when fenced.
   */
  retryLater(ref: ClaimRef, failure: BackupFailure, nextAttemptAt: Date): Promise<RestoreRecord | null>;
  /** `note`: what the end could not put back; null: nothing. */
  cancelled(ref: ClaimRef, at: Date, note: string | null): Promise<RestoreRecord | null>;
  /** `cancelled`: never begun, is over now. `requested`: a worker will see it. `too-late`: it renames, or is over. */
  requestCancel(restoreId: string, at: Date): Promise<'cancelled' | 'requested' | 'too-late' | 'not-found'>;
  /** A lease that stood still: back to `pending`, at the third `failed` (later while something may lie in the target: `isPoisonous`); null when it moved. */
  expire(id: string, seen: { readonly fence: number; readonly beat: number }, at: Date): Promise<RestoreRecord | null>;

  inProgress(): Promise<readonly LeaseView[]>;
  pendingDue(now: Date): Promise<readonly RestoreRecord[]>;
  nextJob(restoreId: string, seenJobNumber: number): Promise<number | null>;
  /** Whether a restore of this backup waits or runs. */
  uses(backupId: string): Promise<boolean>;
  /** The newest of a target that ended by itself and was no dry run. */
  latest(targetName: string): Promise<RestoreRecord | null>;
  /** Failed ones that nobody was told of yet. */
  unalerted(): Promise<readonly RestoreRecord[]>;
  alerted(restoreId: string): Promise<void>;
  purge(endedBefore: Date): Promise<number>;
}
