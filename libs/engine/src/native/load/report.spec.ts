import { describe, expect, it } from '@jest/globals';
import type { FinishedEntry } from './finish-phase.js';
import type { PlanEntry } from './plan-types.js';
import { makeReport } from './report.js';

const entry = (collection: string, documents: number): PlanEntry => ({
  from: `a.${collection}`,
  db: 'a',
  final: collection,
  temporary: 't',
  old: 'o',
  probe: null,
  kind: 'collection',
  placement: 'rename',
  documents,
});
const finished = (collection: string, changes: Partial<FinishedEntry> = {}): FinishedEntry => ({
  entry: entry(collection, 3),
  indexes: 1,
  notKept: [],
  missing: [],
  warnings: [],
  ...changes,
});

describe('makeReport', () => {
  it('sorts by name', () => {
    const report = makeReport([finished('c'), finished('b')], ['a note'], false);
    expect(report.namespaces.map(({ collection }) => collection)).toEqual(['b', 'c']);
    expect(report).toMatchObject({ outcome: 'restored', warnings: ['a note'] });
  });

  it('warns of what the server did not keep, once', () => {
    const report = makeReport([finished('b', { notKept: ['validator', 'validator', 'capped'] })], [], false);
    expect(report).toMatchObject({
      outcome: 'restored',
      warnings: ['a.b: the server did not keep: validator; capped'],
    });
  });

  it('calls it a difference with strict', () => {
    const report = makeReport([finished('b', { notKept: ['validator'] })], [], true);
    expect(report).toMatchObject({
      outcome: 'restored-with-differences',
      warnings: [],
      namespaces: [{ differences: ['the server did not keep: validator'] }],
    });
  });

  it('calls what is missing a difference always', () => {
    const report = makeReport([finished('b', { missing: ['index a_1: refused'] })], [], false);
    expect(report.outcome).toBe('restored-with-differences');
  });

  it('flags a restore without a document', () => {
    expect(makeReport([finished('b', { entry: entry('b', 0) })], [], false).warnings).toEqual([
      'empty: no document was restored',
    ]);
    expect(makeReport([], [], false).warnings).toEqual(['empty: the archive holds no collections']);
  });
});
