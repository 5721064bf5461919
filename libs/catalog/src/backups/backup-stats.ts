import type { BackupState } from '#contracts';
import type { CatalogStats } from '../contract/stats.js';
import { op } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';

const dayMs = 86_400_000;
const days = 30;
/** Percentiles are those of so many newest completed backups. */
const durationSample = 1000;

interface Group {
  readonly _id: { readonly target: string; readonly status: BackupState };
  readonly count: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly verifiedAt: Date | null;
}

interface Day {
  readonly _id: { readonly date: string; readonly good: boolean };
  readonly count: number;
  readonly bytes: number;
}

/** Deleted records count in `perDay`, which tells what happened, and nowhere else. */
export async function backupStats(
  backups: Backups,
  filter: { readonly target?: string },
  now: Date,
): Promise<CatalogStats> {
  const ofTarget = filter.target === undefined ? {} : { target: filter.target };
  const firstDay = new Date(Math.floor(now.getTime() / dayMs) * dayMs - (days - 1) * dayMs);
  const [groups, perDay, durations] = await Promise.all([
    backups.aggregate<Group>([
      { $match: { listed: true, ...ofTarget } },
      {
        $group: {
          _id: { target: '$target', status: '$status' },
          count: { $sum: 1 },
          bytes: { $sum: '$size' },
          durationMs: { $sum: { $subtract: ['$completedAt', '$startedAt'] } },
          startedAt: { $max: '$startedAt' },
          completedAt: { $max: '$completedAt' },
          verifiedAt: { $max: '$verificationStatus.verifiedAt' },
        },
      },
    ]),
    backups.aggregate<Day>([
      { $match: { completedAt: { $gte: firstDay, $lte: now }, ...ofTarget } },
      { $match: { $or: [{ hash: { $type: 'string' } }, { error: { $type: 'object' } }] } },
      {
        $group: {
          _id: {
            date: { $dateToString: { date: '$completedAt', format: '%Y-%m-%d', timezone: 'UTC' } },
            good: { $eq: [{ $type: '$hash' }, 'string'] },
          },
          count: { $sum: 1 },
          bytes: { $sum: '$size' },
        },
      },
    ]),
    newestDurations(backups, ofTarget),
  ]);
  return { ...totals(groups), durationPercentilesMs: percentiles(durations), perDay: fillDays(firstDay, perDay) };
}

async function newestDurations(backups: Backups, ofTarget: { readonly target?: string }): Promise<readonly number[]> {
  const newest = { sort: { completedAt: -1 }, limit: durationSample, only: ['startedAt', 'completedAt'] } as const;
  const found = await backups.find({ status: 'completed', completedAt: op({ $gt: new Date(0) }), ...ofTarget }, newest);
  return found.flatMap(({ startedAt, completedAt }) =>
    startedAt === null || completedAt === null ? [] : [completedAt.getTime() - startedAt.getTime()],
  );
}

function totals(groups: readonly Group[]): Omit<CatalogStats, 'durationPercentilesMs' | 'perDay'> {
  const of = (...states: readonly BackupState[]) => groups.filter(({ _id }) => states.includes(_id.status));
  const sum = (some: readonly Group[], field: 'count' | 'bytes' | 'durationMs') =>
    some.reduce((total, group) => total + group[field], 0);
  const newest = (dates: readonly (Date | null)[]) =>
    dates.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
  const completed = of('completed');
  const count = sum(completed, 'count');
  const byStatus: Partial<Record<BackupState, number>> = {};
  for (const { _id, count: some } of groups) byStatus[_id.status] = (byStatus[_id.status] ?? 0) + some;
  return {
    total: sum(groups, 'count'),
    byStatus,
    storageBytes: sum(of('completed', 'deleting'), 'bytes'),
    averageSize: count === 0 ? null : Math.round(sum(completed, 'bytes') / count),
    averageDurationMs: count === 0 ? null : Math.round(sum(completed, 'durationMs') / count),
    lastBackupAt: newest(groups.map(({ startedAt }) => startedAt)),
    lastSuccessAt: newest(completed.map(({ completedAt }) => completedAt)),
    lastVerifiedAt: newest(groups.map(({ verifiedAt }) => verifiedAt)),
    lastSuccessByTarget: Object.fromEntries(
      completed.flatMap(({ _id, completedAt }) => (completedAt === null ? [] : [[_id.target, completedAt]])),
    ),
  };
}

/** By nearest rank. */
export function percentiles(values: readonly number[]): CatalogStats['durationPercentilesMs'] {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function fillDays(firstDay: Date, found: readonly Day[]): CatalogStats['perDay'] {
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(firstDay.getTime() + index * dayMs).toISOString().slice(0, 10);
    const good = found.find(({ _id }) => _id.date === date && _id.good);
    const bad = found.find(({ _id }) => _id.date === date && !_id.good);
    return { date, completed: good?.count ?? 0, failed: bad?.count ?? 0, bytes: good?.bytes ?? 0 };
  });
}
