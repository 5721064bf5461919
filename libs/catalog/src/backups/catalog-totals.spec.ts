import { expect, it } from '@jest/globals';
import { percentiles } from './catalog-totals.js';

it.each([
  [[], null],
  [[7], { p50: 7, p90: 7, p99: 7 }],
  [[3, 1, 2, 4], { p50: 2, p90: 4, p99: 4 }],
  [Array.from({ length: 100 }, (_, index) => 100 - index), { p50: 50, p90: 90, p99: 99 }],
])('percentiles by nearest rank, case %#', (values, expected) => {
  expect(percentiles(values)).toEqual(expected);
});
