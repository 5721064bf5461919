import { describe, expect, it } from '@jest/globals';
import { drillFilter, expectationText, isDrillId, parseAgo, parseExpectation, slotDrillId } from './drills.js';

describe('an expectation', () => {
  it.each([
    ['5', 5, 5],
    ['10..20', 10, 20],
    ['> 0', 1, null],
    ['>=1', 1, null],
    ['< 9', null, 8],
    ['<= 8', null, 8],
  ])('%s', (text, min, max) => {
    expect(parseExpectation(text)).toEqual({ min, max });
  });

  it.each(['', 'many', '-1', '20..10', '< 0', '> ', '1..', '1.5', '== 3'])('%j is none', (text) => {
    expect(parseExpectation(text)).toBeNull();
  });

  it('is told in the same words', () => {
    for (const text of ['5', '10..20', '>= 1', '<= 8'])
      expect(expectationText(parseExpectation(text) ?? { min: null, max: null })).toBe(text);
  });
});

describe('a query', () => {
  const begun = new Date('2026-11-23T12:00:00Z');

  it('counts ages from the backup, at any depth', () => {
    const query = '{"at": {"$gt": {"$ago": "2d"}}, "$or": [{"n": 1}, {"at": {"$lt": {"$ago": "30m"}}}]}';
    expect(drillFilter(query, begun)).toEqual({
      at: { $gt: { $date: '2026-11-21T12:00:00.000Z' } },
      $or: [{ n: 1 }, { at: { $lt: { $date: '2026-11-23T11:30:00.000Z' } } }],
    });
  });

  it.each(['[]', 'null', '3', 'no json', '{"a": {"$ago": "soon"}}', '{"a": {"$ago": 2}}'])('%s is none', (query) => {
    expect(() => drillFilter(query, begun)).toThrow();
  });

  it('knows ages', () => {
    expect(['30m', '12h', '2d', '1w', '2y', ''].map(parseAgo)).toEqual([
      1_800_000,
      43_200_000,
      172_800_000,
      604_800_000,
      null,
      null,
    ]);
  });
});

it('the id of a slot is the same everywhere, and another for each target and slot', () => {
  const slot = new Date('2026-11-23T05:00:00Z');
  const id = slotDrillId('clinic', slot);
  expect(id).toBe(slotDrillId('clinic', slot));
  expect(isDrillId(id)).toBe(true);
  expect(id).not.toBe(slotDrillId('shop', slot));
  expect(id).not.toBe(slotDrillId('clinic', new Date('2026-11-24T05:00:00Z')));
});
