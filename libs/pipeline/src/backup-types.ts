import type { ArchiveSummary } from '#archive';
import type { BackupJson, BackupMetadata, Compression, Frame, StoredObject, Trigger } from '#contracts';
import type { DumpEngine, DumpRequest, DumpResult } from '#engine';
import type { CommitJournal, PipelineDeps } from './deps.js';

export interface BackupDeps extends PipelineDeps {
  readonly engine: DumpEngine;
  /** Absent: a run without catalogue. Its random id has no rival, and step (1) of the commit is left out. */
  readonly journal?: CommitJournal;
  /** The salt of passphrase keys, where the store is not the installation's own: a key keeps one name everywhere. */
  readonly kdfSalt?: string;
  /** First pause between tries of commit (1); doubles. Default 1,000. */
  readonly commitPauseMs?: number;
  /** Between two looks at the free space, where there is a reserve. Default 5,000. */
  readonly roomLookMs?: number;
}

export interface BackupRequest {
  readonly backupId: string;
  readonly target: string;
  /** The fence of the claim; 1 for a run without catalogue. */
  readonly attempt: number;
  readonly trigger: Trigger;
  readonly dump: DumpRequest;
  /** What was chosen by hand, where the target is something else (`partName`). */
  readonly part?: string;
  readonly compression: { readonly codec: Compression; readonly level: number | undefined };
  readonly label: string | null;
  readonly pinned: boolean;
  /** For the forecast of its end; 0: it does not end by its age. */
  readonly retentionDays: number;
  /** Most bytes of archive a second, read from the source; absent: as fast as it goes. */
  readonly throttleBytesPerSecond?: number;
  /** Most bytes a second, written to the store. */
  readonly storeThrottleBytesPerSecond?: number;
  /** Bytes that must stay free where the store knows its room: a run that would need them is not begun, or is ended. */
  readonly reserveBytes?: number;
}

export interface BackupOutcome {
  readonly backup: BackupJson;
  readonly warnings: readonly string[];
  /** The backup stood already, or only its commit was finished: nothing was dumped. */
  readonly resumed: boolean;
  /** What a record keeps of the contents; null when the manifest of a resumed backup could not be opened (the warnings say why). */
  readonly metadata: BackupMetadata | null;
}

/** The archive as it lies in the store, and what was counted while it passed. */
export interface WrittenData {
  readonly object: StoredObject;
  readonly keyIds: readonly string[];
  readonly archive: ArchiveSummary;
  readonly frames: readonly Frame[];
  readonly dump: DumpResult;
}
