import { expect, it } from '@jest/globals';
import type { CatalogTotals, StateSums } from '../contract/stats.js';
import { statsOf } from './stats-of.js';

const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 24, hour));
const state = (target: string, status: StateSums['status'], more: Partial<StateSums>): StateSums => ({
  ...{ target, status, count: 1, bytes: 0, durationMs: 0, startedAt: null, verifiedAt: null },
  ...more,
});
const totals: CatalogTotals = {
  now: at(12),
  states: [
    state('a', 'completed', { count: 3, bytes: 300, durationMs: 3_000, startedAt: at(3), verifiedAt: at(4) }),
    state('a', 'failed', { count: 2, durationMs: 500, startedAt: at(5) }),
    state('b', 'completed', { bytes: 100, durationMs: 5_000, startedAt: at(2) }),
    state('b', 'deleting', { bytes: 50, durationMs: 9_000, startedAt: at(1), verifiedAt: at(9) }),
  ],
  days: [
    { target: 'a', date: '2026-11-24', good: true, count: 3, bytes: 300 },
    { target: 'a', date: '2026-11-24', good: false, count: 2, bytes: 0 },
    { target: 'b', date: '2026-11-24', good: true, count: 2, bytes: 150 },
  ],
  ends: {
    a: { lastSuccessAt: at(3), lastRun: null },
    b: { lastSuccessAt: at(2), lastRun: null },
    c: { lastSuccessAt: null, lastRun: null },
  },
};

it('of all targets together', () => {
  expect(statsOf(totals, null)).toMatchObject({
    ...{ total: 7, byStatus: { completed: 4, failed: 2, deleting: 1 }, storageBytes: 450, averageSize: 100 },
    ...{ averageDurationMs: 2_000, lastBackupAt: at(5), lastSuccessAt: at(3), lastVerifiedAt: at(4) },
    lastSuccessByTarget: { a: at(3), b: at(2) },
  });
  expect(statsOf(totals, null).perDay.at(-1)).toEqual({ date: '2026-11-24', completed: 5, failed: 2, bytes: 450 });
});

it('of one of them, and of one that has none', () => {
  expect(statsOf(totals, null, 'b')).toMatchObject({
    ...{ total: 2, byStatus: { completed: 1, deleting: 1 }, storageBytes: 150, averageSize: 100 },
    ...{ averageDurationMs: 5_000, lastBackupAt: at(2), lastSuccessAt: at(2), lastVerifiedAt: null },
    lastSuccessByTarget: { b: at(2) },
  });
  const none = statsOf(totals, null, 'c');
  expect(none).toMatchObject({ total: 0, byStatus: {}, averageSize: null, lastBackupAt: null, lastSuccessAt: null });
  expect(none.perDay).toHaveLength(30);
  expect(none.perDay[0]).toEqual({ date: '2026-10-26', completed: 0, failed: 0, bytes: 0 });
});
