import { describe, expect, it } from '@jest/globals';
import { planRetention, type RetentionTarget } from './plan-retention.js';
import { retentionNow } from './retention-now.js';
import type { RetentionPolicy, RetentionRecord } from './types.js';

const dayMs = 86_400_000;
const clock = new Date('2026-11-30T12:00:00.000Z');
const daysAgo = (days: number) => new Date(clock.getTime() - days * dayMs);
const record = (days: number, changes: Partial<RetentionRecord> = {}): RetentionRecord => ({
  backupId: `d${days}`,
  target: 'clinic',
  completedAt: daysAgo(days),
  bytes: 1000,
  pinned: false,
  usedBy: null,
  good: true,
  verified: true,
  lockedUntil: null,
  ...changes,
});
const policy: RetentionPolicy = {
  retentionDays: 30,
  keepLast: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  withinBytes: 0,
  timezone: 'UTC',
  minKeep: 3,
};
const target = (records: RetentionRecord[], changes: Partial<RetentionTarget> = {}): RetentionTarget => ({
  target: 'clinic',
  policy,
  intervalMs: dayMs,
  records,
  lastRunsFailed: false,
  ...changes,
});
const run = { clock, storeTime: null, confirm: null };
const decisionsOf = (targets: RetentionTarget[], changes: { confirm?: number } = {}) =>
  planRetention(targets, { ...run, ...changes }).decisions.map(({ decision }) => decision);

describe('now', () => {
  it.each([
    ['the clock', [record(0)], null, dayMs, clock],
    ['the store’s Date, when the clock has jumped ahead', [record(0)], daysAgo(1), dayMs, daysAgo(1)],
    [
      'two intervals after the newest good one, when backups have stopped',
      [record(40), record(41)],
      null,
      dayMs,
      daysAgo(38),
    ],
    ['not moved by a bad one', [record(40), record(1, { good: false })], null, dayMs, daysAgo(38)],
    ['not moved by one of the future', [record(40), record(-900)], null, dayMs, daysAgo(38)],
    ['the clocks, where no interval is known', [record(40)], null, null, clock],
    ['the clocks, where there is no good one', [record(40, { good: false })], null, dayMs, clock],
  ] as const)('is %s', (_name, records, storeTime, intervalMs, expected) => {
    expect(retentionNow(records, { clock, storeTime, intervalMs })).toEqual(expected);
  });
});

describe('a run', () => {
  it('removes what no rule keeps', () => {
    const records = [0, 1, 2, 3, 31].map((days) => record(days));
    expect(decisionsOf([target(records)])).toEqual(['keep', 'keep', 'keep', 'keep', 'remove']);
  });

  it('that would remove over half is refused, unless exactly that number was confirmed', () => {
    const records = [0, 1, 2, 31, 32, 33, 34].map((days) => record(days));
    const plan = planRetention([target(records)], run);
    expect(plan).toMatchObject({ wanted: 4, confirmationNeeded: true });
    expect(plan.decisions.at(-1)).toMatchObject({
      decision: 'kept-by-refusal',
      reasons: [expect.any(String), expect.stringContaining('confirm the number 4')],
    });
    expect(decisionsOf([target(records)], { confirm: 3 })).not.toContain('remove');
    expect(decisionsOf([target(records)], { confirm: 4 }).filter((decision) => decision === 'remove')).toHaveLength(4);
    expect(decisionsOf([target(records.slice(0, 6))]).filter((decision) => decision === 'remove')).toHaveLength(3);
  });

  it('takes the share of the good ones too: garbage does not water it down', () => {
    const records = [0, 31, 32, 33].map((days) => record(days));
    const garbage = Array.from({ length: 20 }, (_, at) => record(1 + at, { backupId: `g${at}`, good: false }));
    const one = { ...policy, minKeep: 1 };
    expect(decisionsOf([target([...records, ...garbage], { policy: one })])).not.toContain('remove');
  });

  it('removes nothing of a target whose last three runs failed, and goes on with the others', () => {
    const records = [0, 1, 2, 31].map((days) => record(days));
    const other = records.map((one) => ({ ...one, target: 'shop' }));
    const decisions = decisionsOf([target(records, { lastRunsFailed: true }), target(other, { target: 'shop' })]);
    expect(decisions).toEqual(['keep', 'keep', 'keep', 'kept-by-refusal', 'keep', 'keep', 'keep', 'remove']);
  });

  it('keeps everything of a target that has no policy', () => {
    expect(decisionsOf([target([record(0), record(900)], { policy: null })])).toEqual(['keep', 'keep']);
  });
});
