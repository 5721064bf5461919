import { expect, it } from '@jest/globals';
import { RecentLines } from './recent-lines.js';

it('keeps the newest thousand', () => {
  const sut = new RecentLines();
  for (let line = 0; line < 2_500; line += 1) sut.push(`${line}`);
  expect([sut.all().length, sut.all()[0], sut.all().at(-1)]).toEqual([1_000, '1500', '2499']);
});

it('keeps a mebibyte, and of longer lines the last', () => {
  const sut = new RecentLines();
  for (let line = 0; line < 20; line += 1) sut.push('x'.repeat(100_000));
  expect(sut.all()).toHaveLength(10);
  sut.push('y'.repeat(3_000_000));
  expect(sut.all().map((line) => line[0])).toEqual(['y']);
  sut.push('z');
  expect(sut.all()).toEqual(['z']);
});
