import { compactTime, randomSuffix } from './ids.js';
import type { Random } from './environment.js';
import type { Role } from './tokens.js';
import type { Claim, RecordedError } from './records.js';
import type { Stage } from './error-codes.js';
import type { TaskState } from './states.js';

// Restores as the catalogue keeps them: a backup that is loaded into a restore target (docs/DESIGN.md, "A restore in words").

/**
 * `scratch`: into new databases of this restore alone. `into-empty`: under names that hold nothing. `replace`: over what has the names, after a backup of
 * it was made.
 */
export const restoreModes = ['scratch', 'into-empty', 'replace'] as const;
export type RestoreMode = (typeof restoreModes)[number];

export const restoreIdPattern = /^restore-\d{8}T\d{6}Z-[a-z0-9]{6}$/;

export function isRestoreId(text: string): boolean {
  return restoreIdPattern.test(text);
}

const suffixLength = 6;

export function newRestoreId(at: Date, random: Random): string {
  return `restore-${compactTime(at)}-${randomSuffix(random, suffixLength)}`;
}

/** The random end of a restore's id, in the names of its scratch databases. */
export function scratchIdOf(restoreId: string): string {
  return restoreId.slice(-suffixLength);
}

/**
 * A restore target's name: as a target's, but shorter, for the backups of what a restore replaces stand under `safety-<name>`
 * (a target of their own: they hold only a part, and must never pass for a backup of the deployment).
 */
export const restoreTargetPattern = /^[a-z0-9][a-z0-9-]{0,32}$/;

export function isRestoreTargetName(text: string): boolean {
  return restoreTargetPattern.test(text);
}

export function safetyTargetOf(restoreTarget: string): string {
  return `safety-${restoreTarget}`;
}

/** What was asked for. */
export interface RestoreWish {
  readonly backupId: string;
  /** The name of a restore target of the configuration. */
  readonly targetName: string;
  readonly mode: RestoreMode;
  readonly databases: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly rename: readonly { readonly from: string; readonly to: string }[];
  readonly onConflict: 'fail' | 'keep-last';
  readonly ignoreWrites: boolean;
  /** Null: the oplog is replayed where the backup has one and all of it is restored. */
  readonly oplogReplay?: boolean | null;
  /** Merge users and roles of the backup into those of the server; absent in records of older versions. */
  readonly usersAndRoles?: boolean;
  /** Say what would happen, and change nothing. */
  readonly dryRun: boolean;
}

/** `renaming` only goes forward: no cancel any more. */
export type RestorePhase = 'loading' | 'renaming';

export interface RestoreProgress {
  readonly stage: Stage;
  readonly documents: number;
  /** BSON bytes that are in the target. */
  readonly bytes: number;
  /** What both are expected to reach; null when nobody knows. */
  readonly expectedDocuments: number | null;
  readonly expectedBytes: number | null;
  readonly bytesPerSecond: number;
  /** The namespaces that are being loaded first, then those that are done; not more than a screen can show. */
  readonly namespaces: readonly RestoreProgressOf[];
  readonly updatedAt: Date;
}

export interface RestoreProgressOf {
  /** `db.collection`, as it will be called in the target. */
  readonly name: string;
  readonly documents: number;
  readonly expectedDocuments: number | null;
  readonly done: boolean;
}

/**
 * What stands in the way of a restore, or is lost by it. `not-empty`: documents, views or indexes where nothing may be. `existing-ids`: documents of the target
 * whose `_id` the backup has too. `only-in-target`: those whose `_id` it has not. `duplicate-ids`, `unique-index`, `validator`: documents of the backup that
 * break what a collection asks of its documents. `time-series`: one of the target that goes. `users-and-roles`: those of the server that would be replaced, or
 * what keeps them from being merged. `oplog`: there is none to replay. `rights`, `room`: of the target server.
 */
export const restoreConflictKinds = [
  'not-empty',
  'existing-ids',
  'only-in-target',
  'duplicate-ids',
  'unique-index',
  'validator',
  'time-series',
  'users-and-roles',
  'oplog',
  'rights',
  'room',
] as const;
export type RestoreConflictKind = (typeof restoreConflictKinds)[number];

/** Never an id or a value of a document: the record stands where the backup cannot be read. */
export interface RestoreConflict {
  readonly kind: RestoreConflictKind;
  /** The restore would be refused, or fail, because of it. */
  readonly blocking: boolean;
  /** As they are called in the target; null where it is about a database or a server. */
  readonly db: string | null;
  readonly collection: string | null;
  /** Documents that it is about, as far as they were found; null where there is nothing to count. */
  readonly documents: number | null;
  readonly message: string;
}

export interface RestoreEstimate {
  /** What the restore writes; null when nobody knows before it is read. */
  readonly documents: number | null;
  /** BSON bytes, before the server compresses them. */
  readonly bytes: number | null;
  /** On the server's disk; null when the server does not tell. */
  readonly freeBytes: number | null;
}

/** What a dry run found. */
export interface RestoreFindings {
  readonly conflicts: readonly RestoreConflict[];
  /** What was looked at, and what was not, in words: a conflict that is not listed is absent only where somebody looked. */
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
  readonly estimate: RestoreEstimate;
  /** What else stands in the databases that are written, and stays as it is; at most 500, the number of all is in `checked`. Absent in records of older versions. */
  readonly leftAlone?: readonly LeftAlone[];
}

export interface LeftAlone {
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries';
}

export interface RestoreReport {
  readonly dryRun: boolean;
  readonly outcome: 'planned' | 'restored' | 'restored-with-differences';
  readonly namespaces: readonly RestoredNamespace[];
  /** Notes of the plan, warnings of the loader. */
  readonly warnings: readonly string[];
  readonly documents: number;
  readonly durationMs: number;
  /** Of a dry run; absent in records of older versions. */
  readonly findings?: RestoreFindings | null;
  /** Null, or absent: none was replayed, or an earlier run did. */
  readonly oplog?: ReplayedOplog | null;
  /** That were taken over. Null, or absent: none were asked for, or an earlier run did it. */
  readonly usersAndRoles?: RestoredUsers | null;
}

export interface ReplayedOplog {
  /** In the archive. */
  readonly entries: number;
  /** The moment that all collections are of: the time of the last entry. */
  readonly at: { readonly t: number; readonly i: number } | null;
}

export interface RestoredUsers {
  readonly users: number;
  readonly roles: number;
}

export interface RestoredNamespace {
  /** Its name in the backup; null where a restore that another worker had begun was only finished. */
  readonly from: string | null;
  readonly db: string;
  readonly collection: string;
  readonly type: 'collection' | 'view' | 'timeseries' | null;
  /** `refused`: of a dry run whose mode does not allow what has the name now. */
  readonly action: 'create' | 'replace' | 'refused' | null;
  /** Of a dry run: what the backup holds. */
  readonly documents: number | null;
  readonly bytes: number | null;
  readonly indexes: number | null;
  readonly differences: readonly string[];
  readonly durationMs: number | null;
}

/** The backup of what a restore is about to replace. */
export interface RestoreSafety {
  readonly backupId: string;
  /** What it holds: databases, and patterns within them (none: everything). */
  readonly databases: readonly string[];
  readonly include: readonly string[];
}

export interface RestoreRecord extends RestoreWish {
  readonly restoreId: string;
  readonly status: TaskState;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly correlationId: string;
  readonly requestedBy: string;
  /** The role that asked: the worker checks it again. */
  readonly role: Role;
  readonly phase: RestorePhase | null;
  /** A run has begun to load: as long as nobody has looked, something of it may lie in the target. */
  readonly mayLeave?: boolean;
  readonly progress: RestoreProgress | null;
  readonly safety: RestoreSafety | null;
  readonly report: RestoreReport | null;
  readonly errorMessage: string | null;
  readonly error: RecordedError | null;
  readonly failures: number;
  readonly claim: Claim;
  readonly jobNumber: number;
  readonly nextAttemptAt: Date | null;
  readonly cancelRequestedAt: Date | null;
}
