import { describe, expect, it } from '@jest/globals';
import { latestSlot, nextSlots, slotsBetween } from './slots.js';

const at = (text: string): Date => new Date(text);
const iso = (dates: readonly Date[]): string[] => dates.map((date) => date.toISOString().replace('.000Z', 'Z'));

describe('nextSlots', () => {
  it.each([
    [
      'no hour early when clocks go back',
      '30 3 * * *',
      'Europe/Zurich',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T02:30:00Z', '2026-10-26T02:30:00Z'],
    ],
    ['a plain day', '0 2 * * *', 'UTC', '2026-11-25T02:00:00Z', ['2026-11-26T02:00:00Z', '2026-11-27T02:00:00Z']],
    [
      'seconds first',
      '*/2 * * * * *',
      'UTC',
      '2026-11-25T00:00:00.500Z',
      ['2026-11-25T00:00:02Z', '2026-11-25T00:00:04Z'],
    ],
    [
      'a missing hour at the next instant',
      '30 1 * * *',
      'Europe/London',
      '2026-03-28T12:00:00Z',
      ['2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'],
    ],
    [
      'a doubled hour once',
      '30 1 * * *',
      'Europe/London',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-26T01:30:00Z'],
    ],
    [
      'a missing midnight',
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03T12:00:00Z',
      ['2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ],
    ['a leap day', '0 2 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T02:00:00Z']],
    [
      'half hours through a doubled hour',
      '*/30 * * * *',
      'Europe/London',
      '2026-10-25T00:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00Z'],
    ],
    ...['0 * * * *', '0 */1 * * *', '0 0-23 * * *', '0 0-11,12-23 * * *', '0 0 * * * *'].map(
      (cron) =>
        [
          `every hour through a doubled one: ${cron}`,
          ...[cron, 'Europe/London', '2026-10-25T00:00:00Z'],
          ['2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
        ] as [string, string, string, string, string[]],
    ),
    [
      'the first of a doubled hour where one hour of the day is left out',
      '0 0-22 * * *',
      'Europe/London',
      '2026-10-24T23:30:00Z',
      ['2026-10-25T00:00:00Z', '2026-10-25T02:00:00Z'],
    ],
  ])('%s', (_what, cron, timezone, from, wanted) => {
    expect(iso(nextSlots({ cron, timezone }, at(from), wanted.length))).toEqual(wanted);
  });

  it('leaves out what lies in a blackout, and ends when nothing is left', () => {
    const blackouts = [{ from: '08:00', to: '18:00', days: ['mon', 'tue', 'wed', 'thu', 'fri'] as const }];
    const schedule = { cron: '0 */6 * * *', timezone: 'Europe/Zurich', blackouts };
    // Friday noon in Zurich.
    expect(iso(nextSlots(schedule, at('2026-11-27T04:59:00Z'), 4))).toEqual([
      ...['2026-11-27T05:00:00Z', '2026-11-27T17:00:00Z', '2026-11-27T23:00:00Z', '2026-11-28T05:00:00Z'],
    ]);
    expect(latestSlot(schedule, at('2026-11-27T12:00:00Z'))).toEqual(at('2026-11-27T05:00:00Z'));
    const noon = { cron: '0 12 * * 1-5', timezone: 'Europe/Zurich', blackouts };
    expect(nextSlots(noon, at('2026-11-27T00:00:00Z'), 1)).toEqual([]);
  });

  it('gives nothing when there is no schedule', () => {
    expect(nextSlots({ cron: null, timezone: 'UTC' }, at('2026-01-01T00:00:00Z'), 3)).toEqual([]);
  });
});

describe('latestSlot', () => {
  it.each([
    ['0 2 * * *', '2026-11-25T02:00:00.000Z', '2026-11-25T02:00:00Z'],
    ['0 2 * * *', '2026-11-25T01:59:59.999Z', '2026-11-24T02:00:00Z'],
    ['*/2 * * * * *', '2026-11-25T00:00:03.999Z', '2026-11-25T00:00:02Z'],
    ['0 0 1 1 *', '2026-11-25T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['0 2 29 2 *', '2026-11-25T00:00:00Z', '2024-02-29T02:00:00Z'],
  ])('of %s at %s is %s', (cron, now, wanted) => {
    expect(iso([latestSlot({ cron, timezone: 'UTC' }, at(now)) ?? at('1970-01-01')])).toEqual([wanted]);
  });

  it('is the same for every look between two slots', () => {
    const schedule = { cron: '*/7 * * * *', timezone: 'America/Sao_Paulo' };
    const looks = Array.from({ length: 60 }, (_, second) =>
      latestSlot(schedule, at(`2026-11-25T10:21:${String(second).padStart(2, '0')}.123Z`)),
    );
    expect(new Set(looks.map((slot) => slot?.toISOString()))).toEqual(new Set(['2026-11-25T10:21:00.000Z']));
  });
});

describe('slotsBetween', () => {
  it('leaves out the first and takes in the last', () => {
    const schedule = { cron: '*/10 * * * *', timezone: 'UTC' };
    expect(iso(slotsBetween(schedule, at('2026-01-01T00:10:00Z'), at('2026-01-01T00:40:00Z'), 10))).toEqual([
      '2026-01-01T00:20:00Z',
      '2026-01-01T00:30:00Z',
      '2026-01-01T00:40:00Z',
    ]);
  });

  it('gives the newest after a long sleep, without walking through the 189 million between', () => {
    const slots = slotsBetween(
      { cron: '* * * * * *', timezone: 'UTC' },
      at('2020-01-01T00:00:00Z'),
      at('2026-01-01T00:00:00Z'),
      3,
    );
    expect(iso(slots)).toEqual(['2025-12-31T23:59:58Z', '2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z']);
  });

  it('gives nothing when the clock was set back', () => {
    expect(
      slotsBetween({ cron: '0 2 * * *', timezone: 'UTC' }, at('2026-01-02T02:00:00Z'), at('2026-01-02T01:00:00Z'), 3),
    ).toEqual([]);
  });
});
