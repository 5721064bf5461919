import type { BackupState, Clock, SyncChange, SyncWish, VerificationLevel } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import type { RunObserver } from '../deps.js';
import type { RecordedFacts } from '../objects/completed-facts.js';

export interface SyncDeps {
  readonly store: ObjectStore;
  /** No record is made of what our keys do not prove: retention would trust its dates. */
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly observer: Pick<RunObserver, 'stage'>;
  readonly catalog: SyncCatalog;
}

export interface SyncRequest extends SyncWish {
  /** The store that the catalogue belongs to; null: it knows none. */
  readonly expectedStoreId: string | null;
  /** Of the store's keys; none in a directory. */
  readonly prefix: string;
  /** BACKUP_ORPHAN_GRACE_HOURS: so long a lease that nobody's record explains must stand still before its folder is adopted. */
  readonly graceMs: number;
}

/** A record as a sync sees it. */
export interface SyncRecord {
  readonly backupId: string;
  readonly status: BackupState;
  readonly pinned: boolean;
  readonly label: string | null;
  /** SHA-256 of its data. */
  readonly hash: string | null;
  readonly fence: number;
  /** The attempt that its commit (1) names. */
  readonly committed: number | null;
  /** That commit is newer than the `backup.json` in the store: a rewrite that is under way, or is to be finished by others. */
  readonly commitDue: boolean;
  readonly marks: { readonly wanted: number; readonly written: number };
  /** Its run ended with `commit/conflict`: people's to look at. */
  readonly commitConflict: boolean;
  /** The destination in which it stands, for the primary store was away; null: the store that is synced. */
  readonly place: string | null;
}

/** What the store knows of a backup: its whole record, but for what never left the catalogue (docs/catalog-sync.md). */
export interface FoundBackup extends RecordedFacts {
  /** The exact text of `backup.json`. */
  readonly bytes: string;
  /** By the time in its id, to the second. */
  readonly createdAt: Date;
  readonly slot: Date | null;
  readonly marks: FoundMarks;
  readonly adopted: boolean;
  /** Of the keys that open it now: after a rotation others than at its commit. */
  readonly keyIds: readonly string[];
}

export interface FoundMarks {
  readonly version: number;
  readonly pinned: boolean;
  readonly label: string | null;
  readonly verifications: readonly {
    readonly level: VerificationLevel;
    readonly ok: boolean;
    readonly at: Date;
    readonly error: string | null;
    readonly verificationId: string | null;
    /** When its reading began; `at` when it was over. */
    readonly startedAt: Date | null;
  }[];
}

/** The catalogue as a sync sees it. Every change is one conditional update: beside live workers the faster one wins, and `false` says who was slower. */
export interface SyncCatalog {
  /** Every target that ever had a record. */
  targets(): Promise<readonly string[]>;
  /** Records of a target in the order of their ids, after one of them; at most so many. */
  page(target: string, after: string | null, limit: number): Promise<readonly SyncRecord[]>;
  find(backupId: string): Promise<SyncRecord | null>;
  /** Commit (1) as the record holds it. */
  commitOf(backupId: string): Promise<{ readonly attempt: number; readonly bytes: string } | null>;
  /** Makes the record of a backup that stands; false: there is one meanwhile. `over`: takes the place of one that failed or was cancelled, whose story it goes on with. */
  rebuild(found: FoundBackup, over: Pick<SyncRecord, 'fence' | 'status'> | null): Promise<boolean>;
  /** Takes pin and label of newer marks, where nothing was wanted meanwhile. */
  takeMarks(record: SyncRecord, marks: FoundMarks): Promise<boolean>;
  /** Follows a `backup.json` of a higher attempt than the record's: the backup was sealed anew without the catalogue. False: something changed meanwhile. */
  takeRewrite(record: SyncRecord, found: FoundBackup): Promise<boolean>;
  /** `completed ↔ missing`. */
  markMissing(backupId: string, missing: boolean): Promise<boolean>;
}

/** What the steps of one sync share. */
export interface SyncRun {
  readonly deps: SyncDeps;
  readonly request: SyncRequest;
  readonly storeId: string;
  /** The catalogue's, else that of the store when this sync began; null: neither has one. */
  readonly expectedStoreId: string | null;
  readonly signal: AbortSignal;
  /** A change that was made, or would be in a dry run. */
  readonly changed: (backupId: string, change: SyncChange, detail: string) => void;
  /** Something that people should look at. */
  readonly problem: (text: string) => void;
}
