import { expect, it } from '@jest/globals';
import { queueOfJob, type JobName } from '#contracts';
import type { AnyProcessor } from './job-processor.js';
import { processorTable } from './processor-table.js';

const names = Object.keys(queueOfJob) as JobName[];
const processor = (name: JobName) => ({ name, process: () => Promise.resolve() }) as AnyProcessor;

it('takes a processor for every job name', () => {
  const table = processorTable(names.map(processor));
  expect(Object.keys(table).sort()).toEqual([...names].sort());
});

it('refuses to start when a job name has no processor', () => {
  const some = names.filter((name) => name !== 'marks' && name !== 'notify').map(processor);
  expect(() => processorTable(some)).toThrow('No processor works on the jobs marks, notify');
});

it('refuses two processors of a name', () => {
  expect(() => processorTable([...names, 'backup' as const].map(processor))).toThrow('Two processors');
});
