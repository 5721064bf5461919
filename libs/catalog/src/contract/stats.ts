import type { BackupState } from '#contracts';

export interface CatalogStats {
  readonly total: number;
  readonly byStatus: Readonly<Partial<Record<BackupState, number>>>;
  readonly storageBytes: number;
  readonly averageSize: number | null;
  readonly averageDurationMs: number | null;
  readonly durationPercentilesMs: { readonly p50: number; readonly p90: number; readonly p99: number } | null;
  readonly lastBackupAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastVerifiedAt: Date | null;
  readonly lastSuccessByTarget: Readonly<Record<string, Date>>;
  /** 30 days to today (UTC), oldest first, days without a run included. */
  readonly perDay: readonly {
    readonly date: string;
    readonly completed: number;
    readonly failed: number;
    readonly bytes: number;
  }[];
}

/** What backups took lately. */
export interface StorageHistory {
  readonly usedBytes: number;
  /** At the beginning of the window. */
  readonly usedBefore: number;
  /** Written in it, whatever became of it. */
  readonly addedBytes: number;
  /** The beginning of the window of two weeks; later where there is no older backup. */
  readonly since: Date;
}
