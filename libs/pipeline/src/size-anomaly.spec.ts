import { expect, it } from '@jest/globals';
import { sizeAnomaly } from './size-anomaly.js';

const usual = [100_000, 101_000, 99_000, 98_000, 102_000, 100_000, 100_000];

it.each([
  ['as usual', 100_500, usual, null],
  ['a little smaller than half', 49_999, usual, 'less than half'],
  ['half', 50_000, usual, null],
  ['twice', 200_000, usual, null],
  ['more than twice', 200_001, usual, 'more than twice'],
  ['one odd one among the earlier ones does not move it', 100_000, [1_000, ...usual.slice(1)], null],
  ['only the last seven count', 40_000, [...Array<number>(7).fill(41_000), ...usual, ...usual], null],
  ['too few to tell', 1, [100_000, 100_000], null],
  ['an even number', 10_000, [90_000, 100_000, 110_000, 120_000], '105000, the median of the last 4'],
  ['small databases', 1_000, [9_000, 9_000, 9_000], null],
  ['an empty dump', 900, usual, 'less than half'],
])('%s', (_what, bytes, earlier, expected) => {
  const warning = sizeAnomaly(bytes, earlier);
  if (expected === null) expect(warning).toBeNull();
  else expect(warning).toContain(expected);
});
