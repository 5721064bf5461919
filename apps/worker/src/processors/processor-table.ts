import { queueOfJob, type JobName } from '#contracts';
import type { AnyProcessor, JobProcessor } from './job-processor.js';

export type ProcessorTable = { readonly [N in JobName]: JobProcessor<N> };

/** One processor for every job name, or the worker does not start: a job that nobody works on would wait for ever. */
export function processorTable(processors: readonly AnyProcessor[]): ProcessorTable {
  const names = Object.keys(queueOfJob) as JobName[];
  const byName = new Map<string, AnyProcessor>();
  for (const processor of processors) {
    if (byName.has(processor.name)) throw new Error(`Two processors work on the jobs "${processor.name}"`);
    byName.set(processor.name, processor);
  }
  const missing = names.filter((name) => !byName.has(name));
  if (missing.length > 0) throw new Error(`No processor works on the jobs ${missing.join(', ')}`);
  return Object.fromEntries(byName) as unknown as ProcessorTable;
}
