import { expect, it } from '@jest/globals';
import { isDatabaseName } from './database-name.js';

it.each([
  ['clinic', true],
  ['Ärzte-1_*', true],
  ['x'.repeat(63), true],
  ['ä'.repeat(32), false],
  ['', false],
  ...['a/b', 'a.b', 'a b', 'a\\b', 'a"b', 'a$b', 'a\0b'].map((name) => [name, false] as const),
] as const)('%j: %s', (name, is) => {
  expect(isDatabaseName(name)).toBe(is);
});
