import type { CatalogStats, CatalogTotals, DaySums, StateSums } from '../contract/stats.js';
import type { Backups } from './backup-record.js';
import { oneIndexed } from './list-filter.js';
import { newest } from './newest.js';
import { newestEnds } from './newest-ends.js';
import { firstDayOf } from './stats-of.js';

/** Percentiles are those of so many newest completed backups. */
const durationSample = 1000;

interface OfTarget {
  readonly target?: string;
}

/** The sums of every record that is there, and a look at the last days. Deleted records count in the days and in the last times, nowhere else. */
export async function catalogTotals(
  backups: Backups,
  targets: readonly string[],
  ofTarget: OfTarget,
  now: Date,
  sums: () => Promise<readonly StateSums[]>,
): Promise<CatalogTotals> {
  // One after another: side by side they would take a small server's processors from what is asked of it meanwhile.
  const states = await sums();
  const days = await daySums(backups, ofTarget, now);
  return { now, states, days, ends: await newestEnds(backups, targets, now) };
}

async function daySums(backups: Backups, ofTarget: OfTarget, now: Date): Promise<readonly DaySums[]> {
  type Group = { readonly _id: Pick<DaySums, 'target' | 'date' | 'good'> } & Pick<DaySums, 'count' | 'bytes'>;
  const groups = await backups.sum<Group>([
    // `listed` has no other values: it is there for the index that begins with it.
    { $match: { listed: { $in: [true, false] }, completedAt: { $gte: firstDayOf(now), $lte: now }, ...ofTarget } },
    { $match: { $or: [{ hash: { $type: 'string' } }, { error: { $type: 'object' } }] } },
    {
      $group: {
        _id: {
          target: '$target',
          date: { $dateToString: { date: '$completedAt', format: '%Y-%m-%d', timezone: 'UTC' } },
          good: { $eq: [{ $type: '$hash' }, 'string'] },
        },
        count: { $sum: 1 },
        bytes: { $sum: '$size' },
      },
    },
  ]);
  return groups.map(({ _id, ...sums }) => ({ ..._id, ...sums }));
}

export async function durationPercentiles(
  backups: Backups,
  ofTarget: OfTarget,
  now: Date,
): Promise<CatalogStats['durationPercentilesMs']> {
  const { target } = ofTarget;
  const first = target === undefined ? (['listed', true] as const) : (['target', target] as const);
  const completed = oneIndexed([first, ['status', 'completed']]);
  const sample = { limit: durationSample, only: ['startedAt', 'completedAt'] };
  const found = await newest(backups, 'completedAt', completed, now, sample);
  return percentiles(
    found.flatMap(({ startedAt, completedAt }) =>
      startedAt === null || completedAt === null ? [] : [completedAt.getTime() - startedAt.getTime()],
    ),
  );
}

/** By nearest rank. */
export function percentiles(values: readonly number[]): CatalogStats['durationPercentilesMs'] {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
