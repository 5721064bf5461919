import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, say, stopIfInterrupted } from './bootstrap.mjs';

/** The last line of a suite. */
export function totalLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
}

/** Runs Jest and counts; what Jest itself does not survive counts as a failed test. Tests that the arguments leave out are in `skipped`, and in `skippedNames`. */
export async function runJest(args) {
  stopIfInterrupted();
  const report = join(tmpdir(), `hazina-jest-${process.pid}.json`);
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const code = await run('node', [...node, ...args, '--json', '--outputFile', report], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const count = { passed: 0, failed: 0, skipped: 0, total: 0, skippedNames: [] };
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    count.total = result.numTotalTests;
    count.passed = result.numPassedTests;
    count.failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    count.skipped = result.numPendingTests + result.numTodoTests;
    count.skippedNames = result.testResults.flatMap(({ assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'pending' || status === 'todo')
        .map(({ fullName }) => fullName),
    );
    if (code !== 0 && result.success) {
      say(`jest ended with exit code ${code}`);
      count.failed += 1;
    }
  } catch {
    say(`jest wrote no report (exit code ${code})`);
    count.failed += 1;
  } finally {
    rmSync(report, { force: true });
  }
  stopIfInterrupted();
  return count;
}
