import { describe, expect, it } from '@jest/globals';
import { describeForecast, quotaAdvice, quotaForecast } from './quota-forecast.js';

const now = new Date('2026-11-26T00:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const at = (usedBytes: number, usedBefore: number, addedBytes: number, days = 10) => ({
  ...{ usedBytes, usedBefore, addedBytes },
  since: daysAgo(days),
});

describe('the forecast of a quota', () => {
  it.each([
    ['grows', 1_000, at(500, 400, 200), { state: 'ok', growthPerDay: 10, daysUntilFull: 50, daysThatFit: 40 }],
    [
      'stands still',
      1_000,
      at(850, 850, 200),
      { state: 'warning', growthPerDay: 0, daysUntilFull: null, daysThatFit: 40 },
    ],
    ['shrinks', 1_000, at(500, 700, 0), { state: 'ok', growthPerDay: -20, daysUntilFull: null, daysThatFit: null }],
    [
      'is full',
      1_000,
      at(1_200, 700, 1_000),
      { state: 'critical', growthPerDay: 50, daysUntilFull: 0, daysThatFit: 8 },
    ],
    ['is new', 1_000, at(500, 0, 500, 1), { state: 'ok', growthPerDay: null, daysUntilFull: null, daysThatFit: null }],
    [
      'has no limit',
      null,
      at(500, 400, 200),
      { state: 'ok', growthPerDay: 10, daysUntilFull: null, daysThatFit: null },
    ],
  ])('that %s', (_, quota, history, forecast) => {
    expect(quotaForecast(quota, history, now)).toEqual(forecast);
  });

  it('says what follows', () => {
    const { daysThatFit, ...forecast } = quotaForecast(1_000, at(500, 400, 200), now);
    expect(describeForecast({ ...forecast, daysThatFit })).toContain('full in 50 days');
    expect(quotaAdvice({ daysThatFit })).toContain('about 40 days');
    expect(quotaAdvice({ daysThatFit: 0 })).toContain('not even a day');
    expect(describeForecast(quotaForecast(1_000, at(500, 500, 200), now))).toContain('does not fill');
  });
});
