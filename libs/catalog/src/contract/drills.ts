import type { DrillChoice, DrillRecord, DrillReport, DrillTrigger, Stage, TaskState } from '#contracts';
import type { BackupFailure, ClaimRef, ClaimState, LeaseView } from './claims.js';
import type { After } from './pages.js';

export interface NewDrill {
  readonly drillId: string;
  readonly trigger: DrillTrigger;
  readonly choice: DrillChoice;
  readonly slot: Date | null;
  readonly target: string;
  readonly backupId: string;
  readonly targetName: string;
  readonly createdAt: Date;
  readonly correlationId: string;
  readonly requestedBy: string;
}

export type InsertDrillOutcome =
  | { readonly outcome: 'inserted'; readonly record: DrillRecord }
  /** Not inserted: a drill of this id is there. */
  | { readonly outcome: 'exists' }
  /** Not inserted: the backup is not there, or not `completed` (any more). */
  | { readonly outcome: 'no-backup' };

export interface DrillListQuery {
  readonly page: number;
  readonly limit: number;
  /** Instead of counting pages. */
  readonly after?: After;
  readonly status?: TaskState;
  /** Whose backups. */
  readonly target?: string;
  readonly backupId?: string;
  /** On `createdAt`, both inclusive. */
  readonly from?: Date;
  readonly to?: Date;
  readonly sortOrder: 'asc' | 'desc';
}

export interface DrillRepository {
  /** Takes a use of the backup (spec/objects.md, "Deletion"), which ends with the drill. */
  insert(drill: NewDrill): Promise<InsertDrillOutcome>;
  /** Takes back what was never claimed, after its job could not be added. False: somebody claimed it. */
  withdraw(drillId: string): Promise<boolean>;
  find(drillId: string): Promise<DrillRecord | null>;
  /** Newest first, unless asked otherwise. Without the namespaces of the report. */
  list(query: DrillListQuery): Promise<{ readonly data: readonly DrillRecord[]; readonly total: number }>;

  /** `pending → in_progress`, fence + 1; null when it is not pending. */
  claim(drillId: string, owner: string, now: Date): Promise<DrillRecord | null>;
  beat(ref: ClaimRef): Promise<ClaimState>;
  look(ref: ClaimRef): Promise<ClaimState>;
  stage(ref: ClaimRef, stage: Stage): Promise<boolean>;
  complete(ref: ClaimRef, done: { readonly at: Date; readonly report: DrillReport }): Promise<DrillRecord | null>;
  /** `in_progress → failed`; somebody must be told. */
  fail(ref: ClaimRef, failure: BackupFailure): Promise<DrillRecord | null>;
  /** `in_progress → pending` with error and due time; null when fenced. */
  retryLater(ref: ClaimRef, failure: BackupFailure, nextAttemptAt: Date): Promise<DrillRecord | null>;
  cancelled(ref: ClaimRef, at: Date): Promise<DrillRecord | null>;
  /** `cancelled`: never begun, is over now. `requested`: a worker will see it. `too-late`: it is over. */
  requestCancel(drillId: string, at: Date): Promise<'cancelled' | 'requested' | 'too-late' | 'not-found'>;
  /** A lease that stood still: back to `pending`, at the third `failed`; null when it moved meanwhile. */
  expire(id: string, seen: { readonly fence: number; readonly beat: number }, at: Date): Promise<DrillRecord | null>;

  inProgress(): Promise<readonly LeaseView[]>;
  pendingDue(now: Date): Promise<readonly DrillRecord[]>;
  nextJob(drillId: string, seenJobNumber: number): Promise<number | null>;
  /** Whether a drill of this backup waits or runs. */
  uses(backupId: string): Promise<boolean>;
  /** The newest drills of a target that ended by themselves, newest first: the history of its recovery time. Without namespaces. */
  history(target: string, limit: number): Promise<readonly DrillRecord[]>;
  /** The newest one of a target that found everything equal. */
  lastGood(target: string): Promise<DrillRecord | null>;
  /** The newest scheduled one of a target, whatever its state. */
  lastScheduled(target: string): Promise<DrillRecord | null>;
  /** The first one of a target: where drills began. */
  first(target: string): Promise<DrillRecord | null>;
  /** Ones that failed or found differences, and that nobody was told of yet. */
  unalerted(): Promise<readonly DrillRecord[]>;
  alerted(drillId: string): Promise<void>;
  purge(endedBefore: Date): Promise<number>;
}
