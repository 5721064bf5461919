import { expect, it } from '@jest/globals';
import { RecentPairs } from './recent-pairs.js';

const dayMs = 86_400_000;

it('a pair is new once a day, and when it was forgotten', () => {
  let now = 0;
  const pairs = new RecentPairs(() => now);
  expect([pairs.isNew('a'), pairs.isNew('a'), pairs.isNew('b')]).toEqual([true, false, true]);
  now = dayMs - 1;
  expect(pairs.isNew('a')).toBe(false);
  now = dayMs;
  expect([pairs.isNew('a'), pairs.isNew('a')]).toEqual([true, false]);
  pairs.forget('a');
  expect(pairs.isNew('a')).toBe(true);
});

it('what is asked about often is kept among many others, until it is a day old', () => {
  let now = 0;
  const pairs = new RecentPairs(() => now);
  pairs.isNew('often');
  for (let index = 0; index < 30_000; index += 1) {
    pairs.isNew(`other-${index}`);
    expect(pairs.isNew('often')).toBe(false);
  }
  expect(pairs.isNew('other-0')).toBe(true);
  now = dayMs;
  expect(pairs.isNew('often')).toBe(true);
});
