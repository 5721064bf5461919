import { describe, expect, it } from '@jest/globals';
import { RecordHistory, runningTogether } from './record-history.js';
import { recordOf } from './record-of.js';
import type { RecordView } from './record-view.js';

// A check that cannot fail is worth nothing: each rule has a world in which it is broken, and one beside it in which it is not.

const rulesOf = (looks: readonly (readonly RecordView[])[], force?: string): string[] => {
  const history = new RecordHistory();
  if (force !== undefined) history.force(force);
  return looks.flatMap((records) => history.take(records)).map(({ rule }) => rule);
};
const [a, b] = [recordOf('a'), recordOf('b')];
const gone = (record: RecordView): RecordView => ({ ...record, status: 'deleted' });

describe('moves of a record', () => {
  it.each([
    ['deleted', 'completed'],
    ['failed', 'completed'],
    ['cancelled', 'in_progress'],
    ['completed', 'pending'],
  ] as const)('from %s to %s are found', (before, after) => {
    expect(
      rulesOf([
        [b, recordOf('a', { status: before })],
        [b, recordOf('a', { status: after })],
      ]),
    ).toEqual(['move']);
  });

  it.each([
    ['pending', 'deleted'],
    ['completed', 'missing'],
    ['missing', 'completed'],
    ['in_progress', 'pending'],
  ] as const)('from %s to %s are allowed, also by states that no look saw', (before, after) => {
    expect(
      rulesOf([
        [b, recordOf('a', { status: before })],
        [b, recordOf('a', { status: after })],
      ]),
    ).toEqual([]);
  });

  it('into nothing are found at the second look, but for one that nobody had claimed', () => {
    expect(rulesOf([[a, b], [b], [b]])).toEqual(['move']);
    expect(rulesOf([[a, b], [b], [a, b], [b]])).toEqual([]);
    const unclaimed = recordOf('a', { status: 'pending', fence: 0 });
    expect(rulesOf([[unclaimed, b], [b], [b]])).toEqual([]);
  });
});

describe('the last good backup', () => {
  it('that goes is found', () => {
    expect(
      rulesOf([
        [a, b],
        [gone(a), b],
        [gone(a), gone(b)],
      ]),
    ).toEqual(['kept']);
    expect(
      rulesOf([
        [a, b],
        [gone(a), gone(b)],
      ]),
    ).toEqual(['kept']);
  });

  it('may go by force, be found bad, or be missing', () => {
    expect(rulesOf([[a], [gone(a)]], 'a')).toEqual([]);
    expect(
      rulesOf([
        [a, b],
        [gone(a), recordOf('b', { verdict: 'bad' })],
      ]),
    ).toEqual([]);
    expect(
      rulesOf([
        [a, b],
        [gone(a), recordOf('b', { status: 'missing' })],
      ]),
    ).toEqual([]);
    expect(
      rulesOf([
        [a, b],
        [recordOf('a', { status: 'deleting' }), recordOf('b', { status: 'deleting' })],
      ]),
    ).toEqual([]);
  });

  it('counts for each target', () => {
    const other = recordOf('c', { target: 'shop' });
    expect(
      rulesOf([
        [a, other],
        [gone(a), other],
      ]),
    ).toEqual(['kept']);
  });
});

it('two records of a slot are found, two of different slots or targets are not', () => {
  const [slot, later] = [new Date(1000), new Date(2000)];
  expect(rulesOf([[recordOf('a', { slot }), recordOf('b', { slot })]])).toEqual(['slot']);
  expect(rulesOf([[recordOf('a', { slot }), recordOf('b', { slot: later })]])).toEqual([]);
  expect(rulesOf([[recordOf('a', { slot }), recordOf('b', { slot, target: 'shop' })]])).toEqual([]);
});

describe('two running backups of a target', () => {
  const running = (backupId: string, more: Partial<RecordView> = {}) =>
    recordOf(backupId, { status: 'in_progress', ...more });

  it('that both looks show are found', () => {
    const both = [running('a'), running('b')];
    expect(runningTogether(both, both).map(({ rule }) => rule)).toEqual(['alone']);
  });

  it('are not, where one ended, was claimed anew, or is another target’s', () => {
    expect(runningTogether([running('a'), running('b')], [a, running('b')])).toEqual([]);
    expect(runningTogether([running('a'), running('b')], [running('a', { fence: 2 }), running('b')])).toEqual([]);
    const apart = [running('a'), running('b', { target: 'shop' })];
    expect(runningTogether(apart, apart)).toEqual([]);
  });
});
