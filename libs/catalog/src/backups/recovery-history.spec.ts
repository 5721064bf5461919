import { describe, expect, it } from '@jest/globals';
import { worstDays } from './recovery-history.js';

const now = new Date('2026-11-23T12:00:00Z');
const hour = 3_600;

/** A backup that took an hour. */
const from = (begun: string, deleted: string | null = null) => ({
  ...{ begun: new Date(begun), ended: new Date(Date.parse(begun) + 3_600_000) },
  deleted: deleted === null ? null : new Date(deleted),
});

describe('what a loss would have cost, by day', () => {
  it('grows until the next backup has ended, which holds what was there when it was begun', () => {
    expect(worstDays([from('2026-11-22T02:00:00Z'), from('2026-11-23T02:00:00Z')], now)).toEqual([
      // 25 hours just before the second one had ended; 10 now.
      { date: '2026-11-23', worstSeconds: 25 * hour },
      { date: '2026-11-22', worstSeconds: 22 * hour },
    ]);
  });

  it('goes on over days without a backup, and begins with what was there before the window', () => {
    const days = worstDays([from('2026-10-20T00:00:00Z')], now);
    expect(days).toHaveLength(30);
    expect(days[0]).toEqual({ date: '2026-11-23', worstSeconds: (34 * 24 + 12) * hour });
    expect(days[29]).toEqual({ date: '2026-10-25', worstSeconds: 6 * 24 * hour });
  });

  it('takes the one that was begun last where a later one ended first, in any order', () => {
    const long = { begun: new Date('2026-11-22T00:00:00Z'), ended: new Date('2026-11-22T20:00:00Z'), deleted: null };
    const short = from('2026-11-22T10:00:00Z');
    const expected = [
      { date: '2026-11-23', worstSeconds: 26 * hour },
      { date: '2026-11-22', worstSeconds: 14 * hour },
    ];
    expect(worstDays([long, short], now)).toEqual(expected);
    expect(worstDays([short, long], now)).toEqual(expected);
  });

  it('is what an older one leaves where the newest was deleted, and without bound where none stood any more', () => {
    const old = from('2026-11-20T00:00:00Z');
    expect(worstDays([old, from('2026-11-22T00:00:00Z', '2026-11-22T12:00:00Z')], now)).toEqual([
      { date: '2026-11-23', worstSeconds: 84 * hour },
      { date: '2026-11-22', worstSeconds: 72 * hour },
      { date: '2026-11-21', worstSeconds: 48 * hour },
      { date: '2026-11-20', worstSeconds: 24 * hour },
    ]);
    expect(worstDays([from('2026-11-21T00:00:00Z', '2026-11-22T06:00:00Z')], now)).toEqual([
      { date: '2026-11-23', worstSeconds: null },
      { date: '2026-11-22', worstSeconds: null },
      { date: '2026-11-21', worstSeconds: 24 * hour },
    ]);
  });

  it('is empty where there never was one', () => {
    expect(worstDays([], now)).toEqual([]);
  });
});
