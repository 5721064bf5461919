import type { BackupRecord, BackupState } from '#contracts';

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

/** A day (UTC), and how much the loss of the server would have cost at its worst moment: the time since the newest backup that could be restored then was begun. */
export interface RecoveryDay {
  readonly date: string;
  /** Null: at some moment of that day nothing could be restored any more. */
  readonly worstSeconds: number | null;
}

/** What the newest runs of a target came to. */
export interface TargetEnds {
  /** End of the newest completed backup, still there or not; one of a part of its target that was made by hand does not count. */
  readonly lastSuccessAt: Date | null;
  /** The newest that ended (completed or failed) and is still there. */
  readonly lastRun: Pick<BackupRecord, 'backupId' | 'status' | 'startedAt' | 'completedAt'> | null;
}

/** Sums of the records of a target in a state. */
export interface StateSums {
  readonly target: string;
  readonly status: BackupState;
  readonly count: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly startedAt: Date | null;
  readonly verifiedAt: Date | null;
}

/** What ended on a day (UTC). Deleted ones count here too: it tells what happened. */
export interface DaySums {
  readonly target: string;
  readonly date: string;
  readonly good: boolean;
  readonly count: number;
  readonly bytes: number;
}

/** One look at everything that is there: of it `statsOf` makes the statistics of all, and of each target. */
export interface CatalogTotals {
  readonly now: Date;
  readonly states: readonly StateSums[];
  readonly days: readonly DaySums[];
  readonly ends: Readonly<Record<string, TargetEnds>>;
}
