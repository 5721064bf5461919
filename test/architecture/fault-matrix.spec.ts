import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../support/run-hazina.js';

// docs/reliability.md speaks of every row of the fault matrix, and the tests that it names exist; every test that is named by a row is one that it names; and no
// file of the matrix or of the stories forgets to ask what is left.

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8');
const rows = [...read('docs/reliability.md').matchAll(/^\| (\d+)\s*\|(.*)\|\s*$/gm)].map(
  ([, number = '', rest = '']) => ({
    number: Number(number),
    proof: rest.split('|').at(-1)?.trim() ?? '',
  }),
);
const specs = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.spec.ts'], {
  cwd: projectRoot,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(projectRoot, file)))
  .map((file) => ({ file, text: read(file) }));
const tagOf = (number: number) => `F${String(number).padStart(2, '0')}`;
/** Titles begin with their row. */
const rowsIn = (text: string) => [
  ...new Set([...text.matchAll(/['"`](F\d+) /g)].map(([, tag = '']) => Number(tag.slice(1)))),
];

describe('the fault matrix', () => {
  it('has all 44 rows, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 44 }, (_, at) => at + 1));
  });

  it.each(rows)('row $number is proven by the tests that it names, or says why not', ({ number, proof }) => {
    const files = [...proof.matchAll(/`(\S+\.spec\.ts)`/g)].map(([, file = '']) => file);
    for (const file of files) expect(() => read(file)).not.toThrow();
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect({ file, named: read(file).includes(`${tagOf(number)} `) }).toEqual({ file, named: true });
  });

  it('knows every test that is named by a row', () => {
    expect(specs.length).toBeGreaterThan(100);
    const unknown = specs.flatMap(({ file, text }) =>
      rowsIn(text)
        .filter((number) => rows.find((row) => row.number === number)?.proof.includes(basename(file)) !== true)
        .map((number) => `${tagOf(number)} in ${file}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** What a file works with, and how it asks what is left of that. Processes, temporary files and memory are asked after for all (test/support/fault-watch.ts). */
const questions = [
  { opens: /\bServiceWorld\.create\(/, asks: /\bexpectNothingLeft\(/ },
  { opens: /\bServiceFaults\.open\(/, asks: /\.expectNothingLeft\(\)/ },
  { opens: /\bWorkerWorld\.open\(/, asks: /\bexpectNothingLeftOf\(/ },
  { opens: /\bnew CliWorld\(/, asks: /\.leftovers\(\)/ },
  { opens: /\bs3World\(/, asks: /\.contents\(\)|storeContents\(/ },
];

describe('what a fault leaves', () => {
  const environment = '/** @jest-environment <rootDir>/test/support/fault-environment.ts */';
  const suites = ['faults', 'stories'];
  const inSuites = specs.filter(({ file }) => suites.some((suite) => file.startsWith(`test/${suite}/`)));

  it.each(questions)('a file that opens $opens asks $asks', ({ opens, asks }) => {
    const opening = inSuites.filter(({ text }) => opens.test(text));
    expect(opening.length).toBeGreaterThan(0);
    expect(opening.filter(({ text }) => !asks.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it('a test of another suite that is named by a row runs there, too', () => {
    const others = specs.filter(({ file, text }) => /^test\/(e2e|integration)\//.test(file) && rowsIn(text).length > 0);
    expect(others.length).toBeGreaterThan(5);
    expect(others.filter(({ text }) => !text.startsWith(environment)).map(({ file }) => file)).toEqual([]);
  });

  it.each(suites)(
    'every file of test/%s runs where it is asked after processes, temporary files and memory',
    (suite) => {
      const project = new RegExp(`displayName: '${suite}',[^}]*`).exec(read('jest.config.js'))?.[0];
      expect(project).toContain("testEnvironment: '<rootDir>/test/support/fault-environment.ts'");
      expect(project).toContain(`testMatch: ['<rootDir>/test/${suite}/**/*.spec.ts']`);
      // A file could choose another one.
      expect(inSuites.filter(({ text }) => text.includes('@jest-environment'))).toEqual([]);
    },
  );
});
