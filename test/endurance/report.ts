import type { Counts } from './driver.js';
import { rules, type Violation } from './model/rules.js';
import type { Work } from './model/work-rules.js';
import type { RecordView } from './model/record-view.js';

export interface Figures {
  readonly seed: number;
  readonly minutes: number;
  readonly done: Counts;
  readonly broken: Counts;
  readonly work: Work;
  readonly records: readonly RecordView[];
  readonly requests: number;
  readonly slowestMs: number;
  readonly looks: number;
  readonly checks: number;
  readonly mostWorkerBytes: number;
  readonly damaged: number;
  readonly violations: readonly Violation[];
}

export function describeRun(figures: Figures): string {
  const states = new Map<string, number>();
  for (const { status, error } of figures.records) {
    const state = status === 'failed' ? `failed: ${error?.code ?? 'no code'}` : status;
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  const rows: [string, string][] = [
    ['seed, minutes', `${figures.seed}, ${figures.minutes}`],
    ['actions', listed(figures.done)],
    ['faults', listed(figures.broken)],
    ['backups', listed(states)],
    ['came to a good end', [...figures.work].map(([what, count]) => `${what} ${count}`).join(', ')],
    ['damaged behind its back', String(figures.damaged)],
    ['requests, slowest reply', `${figures.requests}, ${Math.round(figures.slowestMs)} ms`],
    ['looks at all records, checks', `${figures.looks}, ${figures.checks}`],
    ['most memory of a worker', `${Math.round(figures.mostWorkerBytes / 1024 / 1024)} MiB`],
    ['violations', String(figures.violations.length)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(30)} ${value}`).join('\n');
}

/** Each with the rule that it breaks and the steps that led to it. */
export function describeViolations(
  violations: readonly Violation[],
  steps: ReadonlyMap<Violation, readonly string[]>,
): string {
  return violations
    .map((violation, at) => {
      const led = (steps.get(violation) ?? []).map((line) => `      ${line}`);
      return [`${at + 1}. ${violation.text}`, `   breaks ${rules[violation.rule]}`, ...led].join('\n');
    })
    .join('\n\n');
}

function listed(counts: Counts): string {
  const all = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  const total = all.reduce((sum, [, count]) => sum + count, 0);
  return `${total}${all.length === 0 ? '' : `: ${all.map(([name, count]) => `${name} ${count}`).join(', ')}`}`;
}
