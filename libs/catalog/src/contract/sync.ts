import type { BackupRecord, BackupState, VerificationLevel } from '#contracts';
import type { CompletedFacts } from './backups.js';

/** A backup as the store knows it (the pipeline's `FoundBackup`, in the same form). */
export interface RebuiltFacts extends CompletedFacts {
  /** The exact text of `backup.json`. */
  readonly bytes: string;
  readonly createdAt: Date;
  readonly slot: Date | null;
  readonly marks: RebuiltMarks;
  readonly adopted: boolean;
  /** Of the keys that open it now. */
  readonly keyIds: readonly string[];
}

export interface RebuiltMarks {
  readonly version: number;
  readonly pinned: boolean;
  readonly label: string | null;
  readonly verifications: readonly {
    readonly level: VerificationLevel;
    readonly ok: boolean;
    readonly at: Date;
    readonly error: string | null;
    readonly verificationId: string | null;
    readonly startedAt: Date | null;
  }[];
}

/** How the records come back from the store, and follow it (docs/catalog-sync.md). */
export interface SyncRepository {
  /** Records of a target in the order of their ids, after one of them; at most so many; without the long fields and the text of their commit. */
  page(target: string, after: string | null, limit: number): Promise<readonly BackupRecord[]>;
  /** Inserts the `completed` record of a backup that stands in the store. False: a record of its id or slot is there. */
  rebuild(facts: RebuiltFacts, at: Date): Promise<boolean>;
  /** The same in the place of a record that is `failed` or `cancelled` (not by `commit/conflict`), at this fence still; its story goes on. */
  rebuildOver(facts: RebuiltFacts, seen: { readonly fence: number }, at: Date): Promise<boolean>;
  /** Pin, label and the verdicts that the record does not know of newer marks; false: something was wanted meanwhile, or its state is another. */
  takeMarks(
    backupId: string,
    seen: { readonly wanted: number; readonly status: BackupState },
    marks: RebuiltMarks,
    at: Date,
  ): Promise<boolean>;
  /** Commit and what follows from it, of a backup that was sealed anew without the catalogue; false: its commit or its use is another meanwhile. */
  takeRewrite(
    facts: RebuiltFacts,
    seen: { readonly committed: number | null; readonly status: BackupState },
    at: Date,
  ): Promise<boolean>;
}
