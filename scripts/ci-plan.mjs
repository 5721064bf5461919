const minutes = (count) => count * 60_000;

/** What `.ci/run` has to end within, on a machine that is as fast in the end as in the beginning: the fault matrix and what goes before it, and all. */
export const budgetMs = { matrix: minutes(50), all: minutes(54) };

/**
 * The longer suites, the most telling first. How long one takes: `fixedMs` whatever the machine, and `share` times what `npm test` took on it (measured on two
 * cores).
 */
export const longSuites = [
  {
    ...{ name: 'test:endurance', args: ['--seed', '20261130', '--minutes', '3'] },
    ...{ fixedMs: minutes(4), share: 0.1, untilMs: budgetMs.matrix },
  },
  { name: 'test:faults', args: ['--slow'], fixedMs: 0, share: 1, untilMs: budgetMs.matrix },
  { name: 'test:surface', args: ['schemathesis'], fixedMs: minutes(3), share: 0.2, untilMs: budgetMs.all },
  { name: 'test:stories', args: ['key-rotation', 'destinations'], fixedMs: 0, share: 0.25, untilMs: budgetMs.all },
  { name: 'test:surface', args: ['canary', 'search'], fixedMs: minutes(0.5), share: 0.2, untilMs: budgetMs.all },
  {
    ...{ name: 'test:stories', args: ['primary-lost', 'aws-keys', 'rewrite-race', 'destination-upkeep'] },
    ...{ fixedMs: 0, share: 0.3, untilMs: budgetMs.all },
  },
];

/** How long a suite will take, by what `npm test` took just now. */
export function estimateMs({ fixedMs, share }, testMs) {
  return fixedMs + share * testMs;
}

/** Whether a suite ends in time when it begins now. */
export function fits(suite, { elapsedMs, testMs }) {
  return elapsedMs + estimateMs(suite, testMs) <= suite.untilMs;
}

/** The counts of a suite's last line, `N passed, N failed[, N skipped]`; null when it has none. */
export function readCounts(output) {
  const [, passed, failed, , skipped = '0'] =
    /^(\d+) passed, (\d+) failed(, (\d+) skipped)?$/.exec(output.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (passed === undefined) return null;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}
