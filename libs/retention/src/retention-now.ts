import type { RetentionRecord } from './types.js';

export interface NowSources {
  readonly clock: Date;
  /** The store's own Date; null: it has none. */
  readonly storeTime: Date | null;
  /** Usual time between two backups of the target; null: not known, then only the clocks count. */
  readonly intervalMs: number | null;
}

/**
 * The time that a target's backups are judged by: the earliest of clock, store's Date, and newest good backup + 2 intervals. So a clock that jumped ahead expires
 * nothing, and a target whose backups have stopped stops losing the old ones. Backups dated after the clocks are no evidence, nor are those of a part of the target while
 * there is one of its main series.
 */
export function retentionNow(records: readonly RetentionRecord[], { clock, storeTime, intervalMs }: NowSources): Date {
  const clocks = Math.min(clock.getTime(), (storeTime ?? clock).getTime());
  if (intervalMs === null) return new Date(clocks);
  const good = records.filter((record) => record.good && record.completedAt.getTime() <= clocks);
  const main = good.filter(({ series = '' }) => series === '');
  const newest = (main.length > 0 ? main : good).reduce(
    (latest, { completedAt }) => Math.max(latest, completedAt.getTime()),
    -Infinity,
  );
  return new Date(newest === -Infinity ? clocks : Math.min(clocks, newest + 2 * intervalMs));
}
