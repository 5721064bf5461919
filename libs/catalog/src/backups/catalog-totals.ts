import { backupStates } from '#contracts';
import type { CatalogStats } from '../contract/stats.js';
import type { Backups } from './backup-record.js';
import type { KnownTargets } from './known-targets.js';
import { lastSuccessOf, newest } from './newest.js';

const dayMs = 86_400_000;
const days = 30;
/** Percentiles are those of so many newest completed backups. */
const durationSample = 1000;

/** All but `deleted`. */
const listedStates = backupStates.filter((state) => state !== 'deleted');

interface Sums {
  readonly count: number;
  readonly bytes: number;
  readonly durationMs: number;
  readonly verifiedAt: Date | null;
}

interface Day {
  readonly _id: { readonly date: string; readonly good: boolean };
  readonly count: number;
  readonly bytes: number;
}

/** Deleted records count in `perDay`, which tells what happened, and in the last times; nowhere else. */
export async function backupStats(
  backups: Backups,
  targets: KnownTargets,
  filter: { readonly target?: string },
  now: Date,
): Promise<CatalogStats> {
  const ofTarget = filter.target === undefined ? {} : { target: filter.target };
  const firstDay = new Date(Math.floor(now.getTime() / dayMs) * dayMs - (days - 1) * dayMs);
  const names = filter.target === undefined ? await targets.all() : [filter.target];
  const [counts, completed, deleting, perDay, durations, [started], successes] = await Promise.all([
    Promise.all(listedStates.map(async (status) => [status, await backups.count({ status, ...ofTarget })] as const)),
    sums(backups, { status: 'completed', ...ofTarget }),
    sums(backups, { status: 'deleting', ...ofTarget }),
    daysSince(backups, firstDay, now, ofTarget),
    newestDurations(backups, ofTarget, now),
    newest(backups, 'startedAt', { listed: true, ...ofTarget }, now, { limit: 1, only: ['startedAt'] }),
    Promise.all(names.map(async (target) => [target, await lastSuccessOf(backups, target, now)] as const)),
  ]);
  const lastSuccesses = successes.flatMap(([target, at]) => (at === null ? [] : [[target, at] as const]));
  const { count } = completed;
  return {
    total: counts.reduce((total, [, some]) => total + some, 0),
    byStatus: Object.fromEntries(counts.filter(([, some]) => some > 0)),
    storageBytes: completed.bytes + deleting.bytes,
    averageSize: count === 0 ? null : Math.round(completed.bytes / count),
    averageDurationMs: count === 0 ? null : Math.round(completed.durationMs / count),
    durationPercentilesMs: percentiles(durations),
    lastBackupAt: started?.startedAt ?? null,
    lastSuccessAt: lastSuccesses.reduce<Date | null>((last, [, at]) => (last === null || at > last ? at : last), null),
    lastVerifiedAt: completed.verifiedAt,
    lastSuccessByTarget: Object.fromEntries(lastSuccesses),
    perDay: fillDays(firstDay, perDay),
  };
}

/** What the quota counts. */
export async function storageBytes(backups: Backups, filter: { readonly target?: string } = {}): Promise<number> {
  const [found] = await backups.aggregate<{ readonly bytes: number }>([
    { $match: { status: { $in: ['completed', 'deleting'] }, ...filter } },
    { $group: { _id: null, bytes: { $sum: '$size' } } },
  ]);
  return found?.bytes ?? 0;
}

async function sums(backups: Backups, filter: Readonly<Record<string, string>>): Promise<Sums> {
  const [found] = await backups.aggregate<Sums>([
    { $match: filter },
    {
      $group: {
        _id: null,
        count: { $sum: 1 },
        bytes: { $sum: '$size' },
        durationMs: { $sum: { $subtract: ['$completedAt', '$startedAt'] } },
        verifiedAt: { $max: '$verificationStatus.verifiedAt' },
      },
    },
  ]);
  return found ?? { count: 0, bytes: 0, durationMs: 0, verifiedAt: null };
}

function daysSince(
  backups: Backups,
  firstDay: Date,
  now: Date,
  ofTarget: { readonly target?: string },
): Promise<readonly Day[]> {
  return backups.aggregate<Day>([
    // `listed` has no other values: it is there for the index that begins with it.
    { $match: { listed: { $in: [true, false] }, completedAt: { $gte: firstDay, $lte: now }, ...ofTarget } },
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
  ]);
}

async function newestDurations(
  backups: Backups,
  ofTarget: { readonly target?: string },
  now: Date,
): Promise<readonly number[]> {
  const completed = { listed: true, status: 'completed', ...ofTarget };
  const sample = { limit: durationSample, only: ['startedAt', 'completedAt'] };
  return (await newest(backups, 'completedAt', completed, now, sample)).flatMap(({ startedAt, completedAt }) =>
    startedAt === null || completedAt === null ? [] : [completedAt.getTime() - startedAt.getTime()],
  );
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
