import { cpus, totalmem } from 'node:os';
import { describeLoad, missedGoals, type LoadBench } from './load-report.js';

/** The result as a page that stands in the repository (bench/results/load.md). */
export function loadPage(result: LoadBench, at: Date): string {
  const missed = missedGoals(result);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
  return [
    '# One API under load',
    '',
    'Written by `npm run bench -- --load`; [../README.md](../README.md) says what is measured and what is promised. API, MongoDB, Redis and the load generator share the machine.',
    '',
    `${at.toISOString().slice(0, 10)}, on ${machine}.`,
    '',
    '```',
    describeLoad(result),
    missed.length === 0 ? 'every goal met' : `missed: ${missed.join('; ')}`,
    '```',
    '',
  ].join('\n');
}
