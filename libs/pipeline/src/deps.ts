import type { BackupState, Clock, Random, Stage } from '#contracts';
import type { KeyRing } from '#crypto';
import type { DumpProbe, NamespaceProgress } from '#engine';
import type { RetentionRecord } from '#retention';
import type { ObjectStore } from '#storage';

/** What every run is given: everything that reaches outside, so that tests replace a part and nothing else. */
export interface PipelineDeps {
  readonly store: ObjectStore;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: RunObserver;
}

/** Told what a run does. It never fails a run: an implementation keeps its own errors to itself. */
export interface RunObserver {
  stage(stage: Stage): void;
  progress(progress: Progress): void;
  warning(text: string): void;
  /** What the look at the server found, before anything is dumped: engine, databases, estimate. */
  probed?(probe: DumpProbe): void;
}

/** Counted from the bytes as they pass; all grow until the run ends. */
export interface Progress {
  /** Bytes of the plain archive. */
  readonly archiveBytes?: number;
  /** Bytes of the sealed object, written or read. */
  readonly storedBytes?: number;
  readonly documents?: number;
  /** What `archiveBytes` or `storedBytes` is expected to reach; null when nobody knows. */
  readonly expectedBytes?: number | null;
  /** Of a restore: how far each namespace is; made when it is asked for. */
  readonly namespaces?: () => readonly NamespaceProgress[];
}

export const silentObserver: RunObserver = {
  stage: () => undefined,
  progress: () => undefined,
  warning: () => undefined,
};

/**
 * The record of a backup as its run sees it (spec/objects.md, "Commit"). A run without catalogue has none. An implementation holds the claim: every write
 * filters on its fence with write concern majority, every read is a majority read.
 */
export interface CommitJournal {
  /** Raises the fence above an attempt number found in the store and gives the attempt to use from then on. Throws `run/fenced`. */
  raiseAbove(attempt: number): Promise<number>;
  /** Commit (1): stores attempt and exact bytes. Repeatable with the same bytes. Throws `run/fenced` when it was refused; any other error leaves open whether it was stored. */
  record(attempt: number, bytes: Buffer): Promise<void>;
  /** The record as it stands; null when there is none. */
  look(): Promise<JournalView | null>;
}

export interface JournalView {
  readonly fence: number;
  readonly status: BackupState;
  readonly commit: { readonly attempt: number } | null;
}

/** What a record says of its backup's commit, for whoever puts it into the store. */
export interface CommitRecord {
  /** Majority read; null when there is no record, or none of a commit. `due`: the store may still hold an older `backup.json`. */
  commit(): Promise<{
    readonly status: BackupState;
    readonly due: boolean;
    readonly attempt: number;
    readonly bytes: string;
  } | null>;
  /** The bytes of this attempt stand in the store. */
  settled(attempt: number): Promise<void>;
}

/**
 * The record of a backup that is sealed anew: `record` is commit (1), under the use that is held. A view's fence is above the attempt's when that use was lost,
 * for then nothing can be recorded by it any more.
 */
export interface RewriteJournal extends CommitJournal, CommitRecord {}

/** The catalogue as a deletion sees it. Without catalogue the bucket alone decides. */
export interface DeletionCatalog {
  /** Majority read of the record and of what stands against its removal; null when there is no record. */
  view(backupId: string): Promise<DeletionView | null>;
}

export interface DeletionView {
  readonly status: BackupState;
  /** Its run failed with `commit/conflict`: what stands in its folder may be a whole backup, and is people's to look at. */
  readonly commitConflict: boolean;
  /** The attempt that its commit (1) names; null: none. */
  readonly committed: number | null;
  /** Pin of the record; that of the marks is read from the store. */
  readonly pinned: boolean;
  /** Its newest verdict is that it is damaged: then it is no good backup, and not the last one. */
  readonly foundBad: boolean;
  /** A verification, restore, copy or rotation that holds it, in words; null: none. */
  readonly usedBy: string | null;
  /** Ids of the target's other records that are `completed` and whose last verification did not fail; newest first. A backup counts only while its objects stand. */
  readonly otherGood: readonly string[];
}

/** The catalogue as a cleanup sees it. Without catalogue the bucket alone decides (`bucketCatalog`). */
export interface CleanupCatalog extends DeletionCatalog {
  /** The clock of its server: a store may have none of its own. Null: it does not tell, or there is no catalogue. */
  serverTime(): Promise<Date | null>;
  /** Every record of this store that is `completed` or `missing` (of one target, or of all). `good`: completed, and the last verification did not fail; whether the objects stand is looked up. */
  completed(target: string | null): Promise<readonly CatalogBackup[]>;
  /** Whether the last three ended runs of a target failed (false while there were fewer). */
  lastRunsFailed(target: string): Promise<boolean>;
  /** `completed|missing → deleting`; false: not in such a state any more. */
  beginDelete(backupId: string): Promise<boolean>;
  /** `deleting →` the state before, with the reason; `isGone`: its `backup.json` is not there, and it becomes `missing`. */
  refuseDelete(backupId: string, reason: string, isGone: boolean): Promise<void>;
  /** `deleting → deleted`. */
  deleted(backupId: string): Promise<void>;
  /** `completed ↔ missing`. */
  markMissing(backupId: string, missing: boolean): Promise<void>;
  /** The store locks one of the backup's objects until then: kept on the record. */
  noteLock(backupId: string, lockedUntil: Date): Promise<void>;
  /** Removes records that ended too long ago; their number. */
  purgeRecords(): Promise<number>;
  /** What earlier sweeps saw; all targets. */
  readSightings(): Promise<readonly Sighting[]>;
  writeSightings(sightings: readonly Sighting[]): Promise<void>;
}

export interface CatalogBackup extends Omit<RetentionRecord, 'lockedUntil'> {
  readonly status: 'completed' | 'missing';
}

/** An attempt folder that no backup names, as the sweeper saw it first. */
export interface Sighting {
  /** Its key: `<target>/<backupId>/<attempt>/`, or `<target>/<backupId>/` for what lies beside attempts. */
  readonly folder: string;
  /** When this sweeper saw it first, with this lease counter. */
  readonly firstSeen: Date;
  /** The counter of its `lease.json`; null: none. */
  readonly leaseCounter: number | null;
}
