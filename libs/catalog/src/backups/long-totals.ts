import type { Filter } from '../store/record-collection.js';
import { few } from './list-page.js';

/** A long total may be so old; where counting takes long, ten times as old as counting every long list that is asked for takes, up to `mostMs`. */
const leastMs = 1_000;
const mostMs = 30_000;
const times = 10;
/** After this share of its time a total is counted anew beside: nobody waits for one that is asked for all the time. */
const renewedAfter = 0.75;

interface Kept {
  readonly total: number;
  readonly renewFrom: number;
  readonly until: number;
  counting: Promise<number> | undefined;
}

/**
 * How many records a list has. A server reads through all that it counts: of a list with thousands of records the total is counted at most once a second, whoever
 * asks, and all such lists together take a tenth of the time of one connection. The total of a short one is always that of now; so a new record never stands behind the end of its list.
 */
export function longTotals(
  count: (filter: Filter) => Promise<number>,
  monotonicMs: () => number,
): (filter: Filter) => Promise<number> {
  const kept = new Map<string, Kept>();
  /** One total is renewed beside the requests at a time: several at once would take a small server's processors from what is asked of it. */
  let isRenewing = false;

  const counted = async (key: string, filter: Filter): Promise<number> => {
    const began = monotonicMs();
    const total = await count(filter);
    const now = monotonicMs();
    for (const [old, { counting, until }] of kept) if (counting === undefined && now >= until) kept.delete(old);
    // Each of many lists is counted more seldom, so that all of them together leave the server its time for what is asked of it.
    const lists = kept.size + (kept.has(key) ? 0 : 1);
    const keptMs = Math.max(leastMs, Math.min(mostMs, (now - began) * times * lists));
    const [renewFrom, until] = [began + keptMs * renewedAfter, began + keptMs];
    if (total > few) kept.set(key, { total, renewFrom, until, counting: undefined });
    else kept.delete(key);
    return total;
  };

  return (filter) => {
    const key = JSON.stringify(filter);
    const before = kept.get(key);
    if (before === undefined) return counted(key, filter);
    const now = monotonicMs();
    if (now < before.renewFrom) return Promise.resolve(before.total);
    const count = (): Promise<number> =>
      (before.counting ??= counted(key, filter).catch((error: unknown) => {
        before.counting = undefined;
        throw error;
      }));
    if (now >= before.until) return count();
    if (!isRenewing && before.counting === undefined) {
      isRenewing = true;
      const over = (): void => {
        isRenewing = false;
      };
      // Who asks after its time is over is told.
      count().then(over, over);
    }
    return Promise.resolve(before.total);
  };
}
