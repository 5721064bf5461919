import { expect, it } from '@jest/globals';
import { recordOf } from './record-of.js';
import { tooLittle, workOf } from './work-rules.js';

const task = (kind: string, status = 'completed') => ({
  ...{ taskId: `${kind}-1`, kind, backupId: null, status, nextAttemptAt: null, error: null },
});
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const records = [
  ...many(5, recordOf('a', { status: 'completed' })),
  ...many(7, recordOf('a', { status: 'deleted' })),
  ...many(8, recordOf('a', { status: 'missing' })),
  ...many(3, recordOf('a', { status: 'cancelled' })),
];
const tasks = [...many(10, task('verify')), ...many(7, task('cleanup')), ...many(5, task('restore'))];

it('a run that did enough of everything passes', () => {
  expect(tooLittle(workOf(records, tasks), 10)).toEqual([]);
});

it('a run that did nothing is found, and so is each kind of which there was too little', () => {
  expect(tooLittle(workOf([], []), 10)).toHaveLength(6);
  const fewer = workOf(records, [...tasks.slice(1), task('verify', 'failed')]);
  expect(tooLittle(fewer, 10)).toEqual([{ rule: 'work', text: 'verifications: 9, where 10 are the least' }]);
  expect(tooLittle(workOf(records.slice(0, -1), tasks), 10)).toMatchObject([{ rule: 'work' }]);
});
