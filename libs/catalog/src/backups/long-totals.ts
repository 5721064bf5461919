import type { Filter } from '../store/record-collection.js';
import { few } from './list-page.js';

/** A long total may be so old. */
const keptMs = 1_000;

interface Kept {
  readonly at: number;
  readonly total: number;
  counting?: Promise<number>;
}

/**
 * How many records a list has. A server reads through all that it counts: of a list with thousands of records the total is counted at most once a second, whoever
 * asks. The total of a short one is always that of now; so a new record never stands behind the end of its list.
 */
export function longTotals(
  count: (filter: Filter) => Promise<number>,
  monotonicMs: () => number,
): (filter: Filter) => Promise<number> {
  const kept = new Map<string, Kept>();

  const counted = async (key: string, filter: Filter): Promise<number> => {
    const at = monotonicMs();
    const total = await count(filter);
    for (const [old, entry] of kept) if (entry.counting === undefined && at - entry.at >= keptMs) kept.delete(old);
    if (total > few) kept.set(key, { at, total });
    else kept.delete(key);
    return total;
  };

  return (filter) => {
    const key = JSON.stringify(filter);
    const before = kept.get(key);
    if (before === undefined) return counted(key, filter);
    if (monotonicMs() - before.at < keptMs) return Promise.resolve(before.total);
    before.counting ??= counted(key, filter).catch((error: unknown) => {
      kept.delete(key);
      throw error;
    });
    return before.counting;
  };
}
