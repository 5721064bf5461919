/** All suites of `.ci/run` end within so long on a machine that is as fast in the end as in the beginning. */
export const budgetMs = 50 * 60_000;

/**
 * The longer suites, the most telling first. How long one takes: `fixedMs` whatever the machine, and `share` times what `npm test` took on it (measured on two
 * cores).
 */
export const longSuites = [
  { name: 'test:endurance', args: ['--seed', '20261130', '--minutes', '3'], fixedMs: 4 * 60_000, share: 0.1 },
  { name: 'test:faults', args: ['--slow'], fixedMs: 0, share: 1 },
];

/** How long a suite will take, by what `npm test` took just now. */
export function estimateMs({ fixedMs, share }, testMs) {
  return fixedMs + share * testMs;
}

/** Whether a suite ends in time when it begins now. */
export function fits(suite, { elapsedMs, testMs }) {
  return elapsedMs + estimateMs(suite, testMs) <= budgetMs;
}

/** The counts of a suite's last line, `N passed, N failed[, N skipped]`; null when it has none. */
export function readCounts(output) {
  const [, passed, failed, , skipped = '0'] =
    /^(\d+) passed, (\d+) failed(, (\d+) skipped)?$/.exec(output.trimEnd().split('\n').at(-1) ?? '') ?? [];
  if (passed === undefined) return null;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}
