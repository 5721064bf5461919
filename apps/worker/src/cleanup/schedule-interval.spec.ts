import { expect, it } from '@jest/globals';
import { scheduleIntervalMs } from './schedule-interval.js';

const hourMs = 3_600_000;

it.each([
  ['0 * * * *', hourMs],
  ['*/2 * * * * *', 2_000],
  ['0 2 * * *', 24 * hourMs],
  ['0 8,20 * * *', 12 * hourMs],
  ['0 3 * * 1-5', 72 * hourMs],
])('finds the longest pause of %s', (cron, interval) => {
  expect(scheduleIntervalMs({ cron, timezone: 'UTC' })).toBe(interval);
});

it('knows no interval without a schedule', () => {
  expect(scheduleIntervalMs({ cron: null, timezone: 'UTC' })).toBeNull();
});
