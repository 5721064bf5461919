import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/run-hazina.js';

// docs/reliability.md speaks of every row of the fault matrix, and the tests that it names exist.

const page = readFileSync(join(projectRoot, 'docs/reliability.md'), 'utf8');
const rows = [...page.matchAll(/^\| (\d+)\s*\|(.*)\|\s*$/gm)].map(([, number = '', rest = '']) => ({
  number: Number(number),
  proof: rest.split('|').at(-1)?.trim() ?? '',
}));

describe('the fault matrix', () => {
  it('has all 44 rows, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 44 }, (_, at) => at + 1));
  });

  it.each(rows)('row $number is proven by the tests that it names, or says why not', ({ number, proof }) => {
    const files = [...proof.matchAll(/`(\S+\.spec\.ts)`/g)].map(([, file = '']) => file);
    for (const file of files) expect(() => readFileSync(join(projectRoot, file))).not.toThrow();
    const tag = `F${String(number).padStart(2, '0')} `;
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect({ file, named: readFileSync(join(projectRoot, file), 'utf8').includes(tag) }).toEqual({
        file,
        named: true,
      });
  });
});
