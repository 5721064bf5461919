import { expect, it } from '@jest/globals';
import { MadeOnce } from './made-once.js';

it('makes nothing twice of the same look and parts, and each name by itself', () => {
  const made = new MadeOnce<number>();
  const [look, other, part] = [{}, {}, {}];
  let times = 0;
  const of = (from: object, name: string, parts: readonly unknown[]): number =>
    made.of(from, name, parts, () => (times += 1));
  expect(of(look, 'a', [part, null])).toBe(1);
  expect(of(look, 'a', [part, null])).toBe(1);
  expect(of(look, 'b', [part, null])).toBe(2);
  expect(of(look, 'a', [{}, null])).toBe(3);
  expect(of(other, 'a', [part, null])).toBe(4);
  expect(of(look, 'b', [part, null])).toBe(2);
});
