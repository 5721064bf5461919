import type {
  BackupJson,
  BackupRecord,
  BackupState,
  RecordedProgress,
  RunResources,
  TaskRecord,
  Trigger,
  UseKind,
} from '#contracts';
import type { BackupFailure, ClaimRef, ClaimState, LeaseView } from './claims.js';
import type { RewriteFacts, UseOutcome } from './uses.js';
import type { CatalogStats, CatalogTotals, RecoveryDay, StorageHistory, TargetEnds } from './stats.js';
import type { After } from './pages.js';

/** A verification, or a drill, that is over. */
export type EndedVerification = Pick<
  TaskRecord,
  'taskId' | 'level' | 'status' | 'createdAt' | 'startedAt' | 'completedAt' | 'error' | 'errorMessage'
> & {
  /** People are told of its differences as of the drill's, which end with the next good one of the target. */
  readonly isDrill?: true;
};

export interface NewBackup {
  readonly backupId: string;
  readonly target: string;
  readonly trigger: Trigger;
  readonly slot: Date | null;
  readonly correlationId: string;
  readonly createdAt: Date;
  readonly label: string | null;
  readonly pinned: boolean;
  /** What was chosen by hand (`recordedPart`). */
  readonly part?: string | null;
  /** Null: of a run without queue (trigger `cli`), claimed by its maker at once. */
  readonly jobNumber: number;
}

export type InsertOutcome =
  /** Inserted, and it holds the target's running place. */
  | { readonly outcome: 'inserted'; readonly record: BackupRecord; readonly superseded: readonly BackupRecord[] }
  /** Inserted as waiting (only for slots): another backup of the target runs. */
  | { readonly outcome: 'waiting'; readonly record: BackupRecord; readonly superseded: readonly BackupRecord[] }
  /** Not inserted: the target is busy with this backup (only for those without a slot). */
  | { readonly outcome: 'busy'; readonly runningId: string }
  /** Not inserted: the slot has its record already. */
  | { readonly outcome: 'exists'; readonly record: BackupRecord };

export interface BackupQuery {
  readonly page: number;
  readonly limit: number;
  /** Instead of counting pages. */
  readonly after?: After;
  readonly status?: BackupState;
  readonly target?: string;
  readonly trigger?: Trigger;
  /** On `createdAt`, both inclusive. */
  readonly from?: Date;
  readonly to?: Date;
  readonly sortBy: 'createdAt' | 'startedAt' | 'completedAt' | 'size' | 'status';
  readonly sortOrder: 'asc' | 'desc';
}

export interface CompletedFacts {
  readonly backup: BackupJson;
  /** The data object's full key (with the store's prefix). */
  readonly s3Key: string;
  readonly metadata: BackupRecord['metadata'];
  readonly warnings: readonly string[];
  readonly resources: RunResources | null;
  readonly storeId: string;
  /** Null: not locked. Absent: nobody has looked. */
  readonly lockedUntil?: Date | null;
}

export interface DeleteOptions {
  /** Even as the last good one. Default false. */
  readonly force?: boolean;
  /** `retention`: copies with a retention of their own stay, whoever ran it. Default: who asks. */
  readonly cause?: string;
}

export interface BackupRepository {
  /** Decides by unique indexes: one record a slot, one running a target. A newer slot replaces a waiting one, and one that no worker has begun (`failed`, code `superseded`). One without a slot takes the place of a slot that waits for its time, which waits behind it. */
  insert(backup: NewBackup): Promise<InsertOutcome>;
  /**
   * Records of slots after that time were made by a clock that was ahead: they are of no slot any more (`early` in their story), and each such slot gets a record when it
   * comes, by another id.
   */
  leaveSlots(target: string, after: Date, at: Date): Promise<void>;
  /** Takes back a record that was never claimed (pending, fence 0), after its job could not be added. False: somebody claimed it. */
  withdraw(backupId: string): Promise<boolean>;
  find(backupId: string): Promise<BackupRecord | null>;
  /** Deleted ones only when asked for by status. Stable: sorted by the field, then by backupId. Without the long fields (namespaces, events, the bytes of the commit). A total over 1,000 may be a second old. */
  list(query: BackupQuery): Promise<{ readonly data: readonly BackupRecord[]; readonly total: number }>;
  /** Bytes in the store of what is there: completed, or going. */
  storageBytes(): Promise<number>;
  /** The same now and some time ago, for forecasts. */
  storageHistory(filter: { readonly target?: string }, now: Date): Promise<StorageHistory>;
  /** The last 30 days of a target, newest first, without those on which nothing could be restored yet. */
  recoveryHistory(target: string, now: Date): Promise<readonly RecoveryDay[]>;
  count(status: BackupState): Promise<number>;
  stats(filter: { readonly target?: string }, now: Date): Promise<CatalogStats>;
  /** For the statistics of all and of each target at once (`statsOf`). Reads every record that is there. */
  totals(now: Date): Promise<CatalogTotals>;
  /** Percentiles of how long the newest completed backups took. */
  durations(filter: { readonly target?: string }, now: Date): Promise<CatalogStats['durationPercentilesMs']>;

  /** `pending → in_progress`, fence + 1; null when it is not pending or lost its place. `raiseTo`: the new fence is at least this. */
  claim(backupId: string, owner: string, now: Date, raiseTo?: number): Promise<BackupRecord | null>;
  /** The same while fewer than so many backups hold a place of the fleet; `full`: it stays pending, and must be claimed again when one has ended. */
  claimWithin(backupId: string, owner: string, now: Date, places: number): Promise<BackupRecord | 'full' | null>;
  /** A pending one that nobody has begun: not before that time, and the reason into its story. False: it has moved on. */
  postpone(backupId: string, until: Date, reason: string): Promise<boolean>;
  /** How many of so many places nobody holds. */
  freePlaces(places: number): Promise<number>;
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
  /** Where this run writes: a destination, for the primary store is away; null: the primary store. Before its first write; false: the claim is lost, or committed. */
  writeTo(ref: ClaimRef, place: string | null): Promise<boolean>;
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
  /** Pending ones that hold a place and are due, for the reconciler; in the order in which they wait: a slot that replaced unbegun ones as long as those. */
  pendingDue(now: Date): Promise<readonly BackupRecord[]>;
  /** Gives the target's free place to its newest waiting slot; null when none waits or the place is taken. */
  promoteWaiting(target: string): Promise<BackupRecord | null>;
  /** Targets that have a waiting record. */
  waitingTargets(): Promise<readonly string[]>;
  /** jobNumber + 1, filtered on the number seen; the new number, or null when another was faster. */
  nextJob(backupId: string, seenJobNumber: number): Promise<number | null>;

  /** `completed|missing → deleting`; the record before. Null: not in such a state. */
  beginDelete(backupId: string, by: string, at: Date, options?: DeleteOptions): Promise<BackupRecord | null>;
  /** `deleting →` the state before, with the reason as an event. `isGone`: there is no `backup.json`, so it becomes `missing` whatever it was. */
  refuseDelete(backupId: string, reason: string, at: Date, isGone?: boolean): Promise<boolean>;
  /**
   * For a deletion that waits for a use, because `backup.json` has gone already: true, and the record stays `deleting`. False: it was `missing` before, so nothing of it
   * was removed by a deletion, and it becomes that again, with the reason as an event.
   */
  deferDelete(backupId: string, reason: string, at: Date): Promise<boolean>;
  /** `deleting|failed|cancelled → deleted`. Refused (false) when it failed with `commit/conflict`. */
  deleted(backupId: string, at: Date): Promise<boolean>;
  deleting(): Promise<readonly string[]>;
  /**
   * `completed → missing`: somebody looked for it at `place` (default null: the primary store), and it is not there. False also when it stands elsewhere by now.
   * `missing → completed`: it was found in the primary store.
   */
  markMissing(backupId: string, missing: boolean, at: Date, place?: string | null): Promise<boolean>;
  /** It stands in the primary store now (again): from `place`, or from `missing`. Its marks are to be written there. False: it had not been away. */
  cameHome(
    backupId: string,
    home: { readonly storeId: string; readonly s3Key: string; readonly at: Date },
  ): Promise<boolean>;
  /** The store locks it until then: on the record, and in its story when it is news. */
  noteLock(backupId: string, lockedUntil: Date, at: Date): Promise<boolean>;
  /** After a key rotation: the keys that open it now. False: they are known, or there is no backup to this record (any more). */
  rekeyed(backupId: string, keyIds: readonly string[], at: Date): Promise<boolean>;
  /** Takes the one use beside verifications, restores and drills. Only of a `completed` record; a `rewrite` is nobody's neighbour: see `userOf`. */
  takeUse(backupId: string, kind: UseKind, owner: string): Promise<UseOutcome>;
  beatUse(ref: ClaimRef): Promise<ClaimState>;
  endUse(ref: ClaimRef): Promise<void>;
  /** Fence and beat of every use that is held. */
  usesHeld(): Promise<readonly LeaseView[]>;
  /** Ends a use whose lease stood still, filtered on fence and beat. */
  expireUse(backupId: string, seen: { readonly fence: number; readonly beat: number }): Promise<boolean>;
  /** For the holder of a rewrite: raises the record's fence above an attempt found in the store, and gives it. Null: the use is lost. */
  raiseForRewrite(ref: ClaimRef, above: number): Promise<number | null>;
  /** Commit (1) of a rewrite: attempt, bytes, and what follows from them. False: the use is lost. */
  recordRewrite(ref: ClaimRef, facts: RewriteFacts): Promise<boolean>;
  /** The `backup.json` of this attempt stands in the store. */
  recommitted(backupId: string, attempt: number): Promise<boolean>;
  /** Rewrites that were recorded and broken off before their `backup.json` was put; not those that are under way. */
  recommitsDue(): Promise<readonly string[]>;
  /** Completed records (of a target), oldest first, for retention; with what retention needs. */
  completed(target?: string): Promise<readonly BackupRecord[]>;
  /** Ids of the target's other good records (`isGood`), newest first; at most so many. With what it holds: without parts beside it that were made by hand (`isPartBeside`). */
  otherGood(
    of: Pick<BackupRecord, 'backupId' | 'target'> & Partial<Pick<BackupRecord, 'database' | 'part'>>,
    most?: number,
  ): Promise<readonly string[]>;
  /** Deleted, failed and cancelled records that ended before the time: removed for good. The number. */
  purge(endedBefore: Date): Promise<number>;
  /** Pin, label; `marks.wanted` + 1. Null: no such record or not changeable in its state. */
  setMarks(
    backupId: string,
    change: { readonly pinned?: boolean; readonly label?: string | null },
  ): Promise<BackupRecord | null>;
  marksWritten(backupId: string, version: number): Promise<boolean>;
  marksBehind(): Promise<readonly string[]>;

  /** A verification's outcome (a drill's too, by its id): into `verifications` (the last 20), `verificationStatus`, `lastProvenAt`, an event. */
  /** What a verification noticed although the backup is good: added to the warnings of its run, each once, up to 200. */
  warned(backupId: string, warnings: readonly string[]): Promise<void>;
  verified(backupId: string, verification: EndedVerification, hash: string | null): Promise<boolean>;
  /** Completed ones that have no verification task yet, or (a time after the epoch) that ended before the time and were not asked to be verified since; oldest wish first. One that could not be verified is left alone for a while. */
  needVerification(provenBefore: Date, limit: number): Promise<readonly BackupRecord[]>;
  /** The newest outcomes of a target (completed or failed, but not superseded, for that was no run), newest first: for the last_* metrics. `without`: error codes of runs that are left out. */
  latest(target: string, limit: number, without?: readonly string[]): Promise<readonly BackupRecord[]>;
  /** The newest completed ones of a target, however many runs have failed since. */
  latestCompleted(target: string, limit: number): Promise<readonly BackupRecord[]>;
  /** Failed ones (superseded ones too) that nobody was told of yet: kept on the record from the update that makes it `failed`. */
  unalerted(): Promise<readonly BackupRecord[]>;
  alerted(backupId: string): Promise<void>;
  /** Completed ones whose newest verification failed. */
  failedVerifications(): Promise<readonly BackupRecord[]>;
  targets(): Promise<readonly string[]>;
  /** End of the newest completed backup (still there or not), by target. */
  lastSuccess(): Promise<Readonly<Record<string, Date>>>;
  /** The newest outcomes, by target. */
  ends(): Promise<Readonly<Record<string, TargetEnds>>>;
}
