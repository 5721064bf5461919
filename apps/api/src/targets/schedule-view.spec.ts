import { describe, expect, it } from '@jest/globals';
import type { TargetConfig } from '#config';
import { isOverdue, nextTimes } from './schedule-view.js';

const at = (text: string): Date => new Date(text);
const target = { schedule: { cron: '0 2 * * *', timezone: 'UTC' } } as TargetConfig;
const schedule = {
  target: 'clinic',
  lastSlot: at('2026-11-20T02:00:00Z'),
  firstSlot: at('2026-11-01T02:00:00Z'),
  pausedAt: null,
  pausedBy: null,
};
const hour = 3_600_000;

describe('schedules', () => {
  it('have next times in their own zone, whatever the clocks do', () => {
    const times = nextTimes({ cron: '30 3 * * *', timezone: 'Europe/Zurich' }, at('2026-10-25T12:00:00Z'), 2);
    expect(times.map((time) => time.toISOString())).toEqual([
      '2026-10-26T02:30:00.000Z',
      '2026-10-27T02:30:00.000Z',
    ]);
    expect(nextTimes({ cron: null, timezone: 'UTC' }, at('2026-10-23T12:00:00Z'), 3)).toEqual([]);
  });

  it.each([
    ['in time', '2026-11-20T02:10:00Z', '2026-11-20T12:00:00Z', false],
    ['late, but not for long', '2026-11-20T02:10:00Z', '2026-11-21T02:59:00Z', false],
    ['late', '2026-11-20T02:10:00Z', '2026-11-21T03:01:00Z', true],
    ['never made', null, '2026-11-02T03:01:00Z', true],
    ['not due yet', null, '2026-11-02T01:00:00Z', false],
  ])('%s', (_name, lastSuccess, now, overdue) => {
    const lastSuccessAt = lastSuccess === null ? null : at(lastSuccess);
    expect(isOverdue(target, { schedule, lastSuccessAt }, at(now), hour)).toBe(overdue);
  });

  it('that nobody has seen, or that is paused, is not overdue', () => {
    const later = at('2027-01-01T00:00:00Z');
    expect(isOverdue(target, { schedule: null, lastSuccessAt: null }, later, hour)).toBe(false);
    const paused = { ...schedule, pausedAt: at('2026-11-21T00:00:00Z') };
    expect(isOverdue(target, { schedule: paused, lastSuccessAt: null }, later, hour)).toBe(false);
  });
});
