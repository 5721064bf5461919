import { describe, expect, it } from '@jest/globals';
import { weekdays, type Blackout, type Weekday } from './blackout.js';
import { isAllBlackedOut, scheduleIntervalMs } from './schedule-interval.js';

const hourMs = 3_600_000;
const workdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const black = (from: string, to: string, days: readonly Weekday[] = weekdays): Blackout => ({ from, to, days });
const weekend = black('00:00', '00:00', ['sat', 'sun']);

describe('the longest pause', () => {
  it.each([
    ['0 * * * *', hourMs],
    ['*/2 * * * * *', 2_000],
    ['0 2 * * *', 24 * hourMs],
    ['0 8,20 * * *', 12 * hourMs],
    ['0 3 * * 1-5', 72 * hourMs],
    ['0 * * * 1-5', 49 * hourMs],
    ['0 8-18 * * 1-5', 62 * hourMs],
    ['0 3 1 * *', 31 * 24 * hourMs],
    // Either of both is enough.
    ['0 3 1 * 1', 7 * 24 * hourMs],
    // All but the last of a field.
    ['0 2 * 1-11 *', 32 * 24 * hourMs],
    ['0 3 1 * 0-5', 48 * hourMs],
    ['0 0-22 * * *', 2 * hourMs],
    ['0-58 * * * *', 120_000],
    ['0 0 29 2 *', 1461 * 24 * hourMs],
    ['0 0 1 1 *', 366 * 24 * hourMs],
  ])('of %s', (cron, interval) => {
    expect(scheduleIntervalMs({ cron, timezone: 'UTC' })).toBe(interval);
  });

  it.each<[string, string, readonly Blackout[], number]>([
    ['a weekend', '*/10 * * * *', [weekend], 48 * hourMs + 600_000],
    ['nights and a weekend', '*/15 * * * *', [black('18:00', '08:00', workdays), weekend], 54 * hourMs + 900_000],
    ['office hours', '*/2 * * * *', [black('08:00', '18:00')], 10 * hourMs + 120_000],
    ['most of a day, of one that is rare', '0 2,14 * * *', [black('12:00', '16:00')], 24 * hourMs],
  ])('beside %s', (_what, cron, blackouts, interval) => {
    const schedule = { cron, timezone: 'Europe/London', blackouts };
    expect(scheduleIntervalMs(schedule)).toBe(interval);
    expect(isAllBlackedOut(schedule)).toBe(false);
  });

  it('ends with all the jitter of the next one', () => {
    expect(scheduleIntervalMs({ cron: '0 2 * * *', timezone: 'UTC', jitterSeconds: 60 })).toBe(24 * hourMs + 60_000);
  });

  it('is none without a schedule, and where nothing ever comes', () => {
    expect(scheduleIntervalMs({ cron: null, timezone: 'UTC' })).toBeNull();
    expect(scheduleIntervalMs({ cron: '0 0 31 2 *', timezone: 'UTC' })).toBeNull();
  });
});

describe('blackouts that leave no time', () => {
  it.each<[string, string, readonly Blackout[], boolean]>([
    ['all of each day', '0 2 * * *', [black('00:00', '00:00')], true],
    ['the only hour', '0 2 * * *', [black('01:00', '03:00')], true],
    ['the only hour, on all days but one', '0 2 * * *', [black('01:00', '03:00', workdays)], false],
    ['the only day', '0 2 * * 6', [weekend], true],
    ['all days but the one that is none of it', '0 3 * * 0-5', [black('00:00', '00:00', [...workdays, 'sun'])], true],
    ['over midnight', '30 0 * * *', [black('23:00', '01:00')], true],
    ['the first of the month, when that is a Saturday', '0 2 1 * *', [weekend], false],
  ])('%s', (_what, cron, blackouts, expected) => {
    expect(isAllBlackedOut({ cron, timezone: 'UTC', blackouts })).toBe(expected);
  });

  it('are none of a schedule that never comes', () => {
    expect(isAllBlackedOut({ cron: '0 0 31 2 *', timezone: 'UTC', blackouts: [weekend] })).toBe(false);
  });
});
