import type { CatalogStats } from '#catalog';
import { backupStates, type BackupState } from '#contracts';
import type { StorageHistory } from '#notify';
import {
  noRecovery,
  type Recovery,
  type RecoveryHistories,
  type RecoveryPoint,
  type RecoveryTime,
} from './recovery.js';
import { quotaView, type QuotaView } from './quota-view.js';
import type { TargetState } from '../targets/target-states.js';

/** spec/api.md, "stats". */
export interface Statistics {
  readonly total: number;
  readonly byStatus: Readonly<Record<BackupState, number>>;
  readonly successRate: number | null;
  readonly failureRate: number | null;
  readonly storageBytes: number;
  readonly averageSize: number | null;
  readonly averageDurationMs: number | null;
  readonly durationPercentilesMs: CatalogStats['durationPercentilesMs'];
  readonly lastBackupAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastVerifiedAt: string | null;
  readonly quota: QuotaView;
  readonly targets: readonly {
    readonly target: string;
    readonly overdue: boolean;
    readonly nextRunAt: string | null;
    readonly lastSuccessAt: string | null;
    readonly recoveryPoint: RecoveryPoint | null;
    readonly recoveryTime: RecoveryTime | null;
  }[];
  readonly perDay: CatalogStats['perDay'];
}

export interface StatisticsContext {
  readonly quota: { readonly bytes: number; readonly policy: 'warn' | 'refuse' } | undefined;
  readonly history: StorageHistory;
  readonly now: Date;
  readonly targets: readonly TargetState[];
  /** By target. */
  readonly recovery: ReadonlyMap<string, Recovery>;
  readonly recoveryHistories: RecoveryHistories;
}

/** Rates are shares of the backups that ended by themselves: still there, or lost later, is a success; cancelled is neither. Null: none ended. */
export function statistics(stats: CatalogStats, context: StatisticsContext): Statistics {
  const { targets } = context;
  const byStatus = Object.fromEntries(backupStates.map((state) => [state, stats.byStatus[state] ?? 0])) as Record<
    BackupState,
    number
  >;
  const succeeded = byStatus.completed + byStatus.missing + byStatus.deleting;
  const ended = succeeded + byStatus.failed;
  return {
    total: stats.total,
    byStatus,
    successRate: ended === 0 ? null : succeeded / ended,
    failureRate: ended === 0 ? null : byStatus.failed / ended,
    storageBytes: stats.storageBytes,
    averageSize: rounded(stats.averageSize),
    averageDurationMs: rounded(stats.averageDurationMs),
    durationPercentilesMs: stats.durationPercentilesMs,
    lastBackupAt: stats.lastBackupAt?.toISOString() ?? null,
    lastSuccessAt: stats.lastSuccessAt?.toISOString() ?? null,
    lastVerifiedAt: stats.lastVerifiedAt?.toISOString() ?? null,
    quota: quotaView(context.quota, { ...context.history, usedBytes: stats.storageBytes }, context.now),
    targets: targets.map(({ target, overdue, nextRunAt, lastSuccessAt }) => ({
      target,
      overdue,
      nextRunAt: nextRunAt?.toISOString() ?? null,
      lastSuccessAt: lastSuccessAt?.toISOString() ?? null,
      ...recoveryOfTarget(target, context),
    })),
    perDay: stats.perDay,
  };
}

function recoveryOfTarget(target: string, { recovery, recoveryHistories }: StatisticsContext) {
  const { recoveryPoint, recoveryTime } = recovery.get(target) ?? noRecovery;
  const history = recoveryHistories.get(target) ?? [];
  return { recoveryPoint: recoveryPoint && { ...recoveryPoint, history }, recoveryTime };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
