// npm test [-- NAME…]: everything that must hold before a change lands. The last line is `N passed, N failed[, N skipped]`.
// With NAME only the test files whose path contains it run (`npm test -- crypto`), without lint and types.
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNode, ensureBuilt, ensureInstalled, root, run, say, seconds } from './bootstrap.mjs';
import { testPatterns } from './test-patterns.mjs';

const names = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

ensureInstalled();
checkNode();
if (names.length === 0) {
  await check('lint', 'node', ['scripts/lint.mjs']);
  await check('types', 'tsc', ['-p', 'tsconfig.json', '--noEmit']);
}
await ensureBuilt();
await jest(names);
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}\n`,
);
process.exitCode = total.failed > 0 ? 1 : 0;

/** A check counts as one test. */
async function check(name, command, args) {
  const started = Date.now();
  const code = await run(command, args);
  say(`${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds(started)}`);
  if (code === 0) total.passed += 1;
  else total.failed += 1;
}

async function jest(filters) {
  const report = join(tmpdir(), `hazina-jest-${process.pid}.json`);
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
  const patterns = testPatterns(filters, realpathSync(root));
  const code = await run('node', [...args, '--json', '--outputFile', report, ...patterns], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    total.passed += result.numPassedTests;
    total.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    total.skipped += result.numPendingTests + result.numTodoTests;
    if (result.numTotalTests === 0) {
      say(`no test matches ${filters.join(' ')}`);
      total.failed += 1;
    } else if (code !== 0 && result.success) {
      say(`jest ended with exit code ${code}`);
      total.failed += 1;
    }
  } catch {
    say(`jest wrote no report (exit code ${code})`);
    total.failed += 1;
  } finally {
    rmSync(report, { force: true });
  }
}
