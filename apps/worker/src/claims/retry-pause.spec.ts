import { expect, it } from '@jest/globals';
import { retryPauseMs } from './retry-pause.js';

const times = { retryBaseMs: 30_000, retryMostMs: 3_600_000 };
const least = { bytes: (length: number) => Buffer.alloc(length) };
const most = { bytes: (length: number) => Buffer.alloc(length, 0xff) };

it('doubles from 30 s up to an hour', () => {
  expect([0, 1, 2, 6, 7, 100].map((failures) => retryPauseMs(failures, times, least))).toEqual([
    30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000,
  ]);
});

it('adds up to a fifth by chance, so that runs that failed together do not come back together', () => {
  expect(retryPauseMs(0, times, most)).toBe(36_000);
});
