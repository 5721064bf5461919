import { describe, expect, it } from '@jest/globals';
import { readDayOrTime } from './day-or-time.js';

describe('a day or a time', () => {
  it.each([
    ['2026-11-23', 'start', '2026-11-23T00:00:00.000Z'],
    ['2026-11-23', 'end', '2026-11-23T23:59:59.999Z'],
    ['2026-11-23T02:00Z', 'end', '2026-11-23T02:00:00.000Z'],
    ['2026-11-23T02:00:01.5+02:00', 'start', '2026-11-23T00:00:01.500Z'],
    ['2024-02-29', 'start', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T23:59:59-01:00', 'start', '2000-03-01T00:59:59.000Z'],
  ] as const)('%s (%s) is %s', (text, edge, time) => {
    expect(readDayOrTime(text, edge)?.toISOString()).toBe(time);
  });

  it.each([
    '2026-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-11-23T24:00Z',
    '2026-11-23T02:60Z',
    '2026-11-23T02:00',
    '2026-11-23T02:00:00+24:00',
    '2026-11-23 02:00Z',
    '26-11-23',
    '',
  ])('%j is neither', (text) => {
    expect(readDayOrTime(text, 'start')).toBeNull();
  });

  it('is every day that there is, and no other', () => {
    for (const year of ['1996', '1999', '2000', '2100'])
      for (let month = 0; month <= 13; month += 1)
        for (let day = 0; day <= 32; day += 1) {
          const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
          const at = new Date(`${text}T00:00:00Z`);
          const there = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
          expect([text, readDayOrTime(text, 'start') !== null]).toEqual([text, there]);
        }
  });
});
