import type { RetentionRecord } from './types.js';

export interface NowSources {
  readonly clock: Date;
  /** The store's own Date; null: it has none. */
  readonly storeTime: Date | null;
  /** Usual time between two backups of the target; null: not known, then only the clocks count. */
  readonly intervalMs: number | null;
}

/** The time that the backups of a series are judged by. */
export type RetentionTimes = (series: string) => Date;

/**
 * The earliest of clock, store's Date, and newest good backup + 2 intervals. So a clock that jumped ahead expires nothing, and a target whose backups have stopped stops
 * losing the old ones. Backups dated after the clocks are no evidence. Those of a part of the target are evidence for that part alone while there is one of its main
 * series; those of the main series are for all.
 */
export function retentionTimes(
  records: readonly RetentionRecord[],
  { clock, storeTime, intervalMs }: NowSources,
): RetentionTimes {
  const clocks = Math.min(clock.getTime(), (storeTime ?? clock).getTime());
  if (intervalMs === null) return () => new Date(clocks);
  const newest = new Map<string, number>();
  let ofAny = -Infinity;
  for (const { good, completedAt, series = '' } of records) {
    const at = completedAt.getTime();
    if (!good || at > clocks) continue;
    newest.set(series, Math.max(newest.get(series) ?? -Infinity, at));
    ofAny = Math.max(ofAny, at);
  }
  const main = newest.get('') ?? ofAny;
  return (series) => {
    const latest = Math.max(main, newest.get(series) ?? -Infinity);
    return new Date(latest === -Infinity ? clocks : Math.min(clocks, latest + 2 * intervalMs));
  };
}
