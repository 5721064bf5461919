import type { CatalogStats, CatalogTotals, DaySums } from '../contract/stats.js';

const dayMs = 86_400_000;
const days = 30;

/** The first of the 30 days that end today (UTC). */
export function firstDayOf(now: Date): Date {
  return dayBefore(now, days - 1);
}

/** The beginning of a day (UTC), so many before that of `now`. */
export function dayBefore(now: Date, daysBefore: number): Date {
  return new Date((Math.floor(now.getTime() / dayMs) - daysBefore) * dayMs);
}

/** The statistics of all, or of one target, from one look at the catalogue. */
export function statsOf(
  { now, states, days: perDay, ends }: CatalogTotals,
  durationPercentilesMs: CatalogStats['durationPercentilesMs'],
  target?: string,
): CatalogStats {
  const isOf = (one: { readonly target: string }): boolean => target === undefined || one.target === target;
  const own = states.filter(isOf);
  const sum = (of: typeof own, value: 'count' | 'bytes' | 'durationMs'): number =>
    of.reduce((total, one) => total + one[value], 0);
  const completed = own.filter(({ status }) => status === 'completed');
  const there = own.filter(({ status }) => status === 'completed' || status === 'deleting');
  const count = sum(completed, 'count');
  const byStatus: Partial<Record<(typeof own)[number]['status'], number>> = {};
  for (const one of own) byStatus[one.status] = (byStatus[one.status] ?? 0) + one.count;
  const lastSuccesses = Object.entries(ends).flatMap(([name, { lastSuccessAt }]) =>
    lastSuccessAt === null || !isOf({ target: name }) ? [] : [[name, lastSuccessAt] as const],
  );
  return {
    total: sum(own, 'count'),
    byStatus,
    storageBytes: sum(there, 'bytes'),
    averageSize: count === 0 ? null : Math.round(sum(completed, 'bytes') / count),
    averageDurationMs: count === 0 ? null : Math.round(sum(completed, 'durationMs') / count),
    durationPercentilesMs,
    lastBackupAt: latest(own.map(({ startedAt }) => startedAt)),
    lastSuccessAt: latest(lastSuccesses.map(([, at]) => at)),
    lastVerifiedAt: latest(completed.map(({ verifiedAt }) => verifiedAt)),
    lastSuccessByTarget: Object.fromEntries(lastSuccesses),
    perDay: fillDays(firstDayOf(now), perDay.filter(isOf)),
  };
}

export function latest(times: readonly (Date | null)[]): Date | null {
  return times.reduce<Date | null>((last, at) => (at !== null && (last === null || at > last) ? at : last), null);
}

/** Days without a run included. */
function fillDays(firstDay: Date, found: readonly DaySums[]): CatalogStats['perDay'] {
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(firstDay.getTime() + index * dayMs).toISOString().slice(0, 10);
    const ended = (good: boolean, value: 'count' | 'bytes'): number =>
      found.reduce((total, day) => total + (day.date === date && day.good === good ? day[value] : 0), 0);
    return { date, completed: ended(true, 'count'), failed: ended(false, 'count'), bytes: ended(true, 'bytes') };
  });
}
