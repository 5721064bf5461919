import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import LongestFirst from './longest-first.mjs';
import { longest } from './longest.mjs';

const root = join(import.meta.dirname, '../..');

describe('the order of test files', () => {
  it('begins with those that take longest; the others follow as Jest has them', () => {
    const hasteFS = { getSize: (path: string) => (path.includes('large') ? 2 : 1) };
    const context = { config: { rootDir: root, cache: false }, hasteFS };
    const [first = '', second = ''] = longest;
    const tests = ['x/small.spec.ts', second, first, 'x/large.spec.ts'].map((file) => ({
      ...{ path: join(root, file), context },
    }));
    const sorted = new LongestFirst({}).sort(tests);
    expect(sorted.map(({ path }) => path)).toEqual(
      [first, second, 'x/large.spec.ts', 'x/small.spec.ts'].map((file) => join(root, file)),
    );
  });

  it('knows files that there are', () => {
    expect(longest.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
