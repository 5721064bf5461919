import { describe, expect, it } from '@jest/globals';
import { judgeRestore, type AskedRestore, type RestoredDatabase } from './restore-rules.js';
import type { TaskView } from './rest-rules.js';
import type { Damage } from './rules.js';
import { SourceHistory, hashOf } from './source-history.js';

const row = { _id: 1, generation: 1 };
const history = new SourceHistory();
history.wrote('people/1', row, { from: 100, to: 110 });

const asked: AskedRestore = {
  ...{ restoreId: 'restore-1', backupId: 'clinic-1', target: 'clinic', database: 'restored' },
  ...{ span: { from: 200, to: 300 }, wasDamaged: undefined },
};
const restored: RestoredDatabase = {
  collections: ['people'],
  documents: new Map([['people/1', hashOf(row)]]),
};
const empty: RestoredDatabase = { collections: [], documents: new Map() };
const ended = (status: string, code?: string): TaskView => ({
  ...{ taskId: 'restore-1', kind: 'restore', backupId: 'clinic-1', status, nextAttemptAt: null },
  error: code === undefined ? null : { code, stage: 'restore', hint: 'x' },
});
const judge = (
  task: TaskView,
  found: RestoredDatabase,
  changes: Partial<AskedRestore> = {},
  damaged?: Damage,
): string[] => judgeRestore({ ...asked, ...changes }, task, found, history, damaged).map(({ rule }) => rule);

describe('a restore by the service', () => {
  it.each<[string, string[], () => string[]]>([
    ['a missing document', ['equal'], () => judge(ended('completed'), empty)],
    [
      'another document',
      ['equal'],
      () => judge(ended('completed'), { ...restored, documents: new Map([['people/1', 'other']]) }),
    ],
    [
      'a temporary that is left',
      ['ended'],
      () => judge(ended('completed'), { ...restored, collections: ['people', '_hazina_tmp_abcdef_1'] }),
    ],
    ['well, of a damaged backup', ['untouched'], () => judge(ended('completed'), restored, { wasDamaged: 'flipped' })],
    ['data after a failure', ['untouched'], () => judge(ended('failed', 'store/unreachable'), restored)],
    ['data after a cancel', ['untouched'], () => judge(ended('cancelled'), restored)],
    [
      'a temporary after a cancel',
      ['untouched'],
      () => judge(ended('cancelled'), { ...empty, collections: ['_hazina_tmp_abcdef_1'] }),
    ],
    ['a failure that nothing explains', ['unexpected'], () => judge(ended('failed', 'restore/failed'), empty)],
    ['renames that nobody began', ['unexpected'], () => judge(ended('failed', 'restore/unfinished'), empty)],
    ['damage that nobody did', ['unexpected'], () => judge(ended('failed', 'backup/damaged'), empty)],
    ['differences', ['unexpected'], () => judge(ended('completed_with_differences'), restored)],
  ])('found: %s', (_what, rules, judged) => {
    expect(judged()).toEqual(rules);
  });

  it.each<[string, () => string[]]>([
    ['equal', () => judge(ended('completed'), restored)],
    ['of a backup whose span nobody knows', () => judge(ended('completed'), empty, { span: null })],
    ['failed, for the store was away', () => judge(ended('failed', 'store/unreachable'), empty)],
    ['failed, for it was damaged', () => judge(ended('failed', 'backup/damaged'), empty, {}, 'flipped')],
    ['cancelled', () => judge(ended('cancelled'), empty)],
    [
      'stopped in its renames, and says so',
      () => judge(ended('failed', 'restore/unfinished'), { ...empty, collections: ['_hazina_restore', 'people'] }),
    ],
    [
      'failed out of reach of the target',
      () =>
        judge(ended('failed', 'target/unreachable'), {
          ...empty,
          collections: ['_hazina_restore', '_hazina_tmp_abcdef_1'],
        }),
    ],
  ])('right: %s', (_what, judged) => {
    expect(judged()).toEqual([]);
  });
});
