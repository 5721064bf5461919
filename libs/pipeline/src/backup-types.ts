import type { ArchiveSummary } from '#archive';
import type { BackupJson, Compression, Frame, StoredObject, Trigger } from '#contracts';
import type { DumpEngine, DumpRequest, DumpResult } from '#engine';
import type { PipelineDeps } from './deps.js';

export interface BackupDeps extends PipelineDeps {
  readonly engine: DumpEngine;
}

export interface BackupRequest {
  readonly backupId: string;
  readonly target: string;
  /** The fence of the claim; 1 for a run without catalogue. */
  readonly attempt: number;
  readonly trigger: Trigger;
  readonly dump: DumpRequest;
  readonly compression: { readonly codec: Compression; readonly level: number | undefined };
  readonly label: string | null;
  readonly pinned: boolean;
  readonly retentionDays: number;
}

export interface BackupOutcome {
  readonly backup: BackupJson;
  readonly warnings: readonly string[];
}

/** The archive as it lies in the store, and what was counted while it passed. */
export interface WrittenData {
  readonly object: StoredObject;
  readonly keyIds: readonly string[];
  readonly archive: ArchiveSummary;
  readonly frames: readonly Frame[];
  readonly dump: DumpResult;
}
