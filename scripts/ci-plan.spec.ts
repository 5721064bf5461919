import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { budgetMs, estimateMs, fits, longSuites, readCounts } from './ci-plan.mjs';

const minutes = (count: number): number => count * 60_000;

type Suite = (typeof longSuites)[number];
const inWords = ({ name, args }: Suite): string => [name, ...args].join(' ');

/** The suites that run where `npm test` takes so long, and each later one what was estimated. */
function plan(testMs: number): Suite[] {
  let elapsedMs = testMs;
  return longSuites.flatMap((suite) => {
    if (!fits(suite, { elapsedMs, testMs })) return [];
    elapsedMs += estimateMs(suite, testMs);
    return [suite];
  });
}

describe('what .ci/run runs beside npm test', () => {
  it('is everything on a machine that keeps the promise of 15 minutes', () => {
    expect(plan(minutes(15)).map(inWords)).toEqual(longSuites.map(inWords));
  });

  it('is what ends in time on a slower one', () => {
    const slower = plan(minutes(25)).map(inWords);
    expect(slower.map((words) => words.split(' ')[0])).toEqual([
      ...['test:endurance', 'test:surface', 'test:stories', 'test:surface'],
    ]);
    expect(slower).toContain('test:surface canary search');
    expect(plan(minutes(50))).toEqual([]);
  });

  it('never ends after the budget by its own estimate', () => {
    for (let test = 1; test <= 60; test += 1) {
      const longs = plan(minutes(test));
      const all = minutes(test) + longs.reduce((sum, suite) => sum + estimateMs(suite, minutes(test)), 0);
      if (longs.length > 0) expect(all).toBeLessThanOrEqual(budgetMs.all);
      const matrix = longs.slice(0, longs.findIndex(({ name }) => name === 'test:faults') + 1);
      const proven = minutes(test) + matrix.reduce((sum, suite) => sum + estimateMs(suite, minutes(test)), 0);
      if (matrix.length > 0) expect(proven).toBeLessThanOrEqual(budgetMs.matrix);
    }
  });

  it('is scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const { name } of longSuites) expect(Object.keys(scripts)).toContain(name);
  });
});

describe('the counts of a suite', () => {
  it.each([
    ['noise\n5 passed, 0 failed\n', { passed: 5, failed: 0, skipped: 0 }],
    ['1 passed, 2 failed, 3 skipped', { passed: 1, failed: 2, skipped: 3 }],
  ])('are its last line: %j', (output, counts) => {
    expect(readCounts(output)).toEqual(counts);
  });

  it.each(['', 'noise', '5 passed, 0 failed\nnoise'])('are none in %j', (output) => {
    expect(readCounts(output)).toBeNull();
  });
});
