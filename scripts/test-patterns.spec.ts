import { expect, it } from '@jest/globals';
import { testPatterns } from './test-patterns.mjs';

const root = '/home/me/backup/hazina';
const matches = (name: string, path: string): boolean =>
  testPatterns([name], root).some((pattern) => new RegExp(pattern, 'i').test(path));

it.each(['backup', 'backup.test.js', 'backup.spec.ts', 'backup.test.mjs', './test/e2e/service-backup.spec.ts'])(
  '%s means the test files whose path contains it',
  (name) => {
    expect(matches(name, `${root}/test/e2e/service-backup.spec.ts`)).toBe(true);
    expect(matches(name, `${root}/libs/crypto/src/seal.spec.ts`)).toBe(false);
  },
);

it('a name is no pattern, and may be an absolute path', () => {
  expect(matches('s.al', `${root}/libs/crypto/src/seal.spec.ts`)).toBe(false);
  expect(matches('[', `${root}/libs/crypto/src/seal.spec.ts`)).toBe(false);
  expect(matches(`${root}/libs/crypto/src/seal.spec.ts`, `${root}/libs/crypto/src/seal.spec.ts`)).toBe(true);
});

it('no name, no pattern', () => {
  expect(testPatterns([], root)).toEqual([]);
});
