// npm test [-- NAME…]: everything that must hold before a change lands. The last line is `N passed, N failed[, N skipped]`.
// With NAME only the test files whose path contains it run (`npm test -- crypto`), without lint and types.
import { realpathSync } from 'node:fs';
import { checkNode, ensureBuilt, ensureInstalled, root, run, say, seconds } from './bootstrap.mjs';
import { runJest, totalLine } from './run-jest.mjs';
import { testPatterns } from './test-patterns.mjs';

const names = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

ensureInstalled();
checkNode();
if (names.length > 0) await ensureBuilt();
else {
  // Side by side: typed lint takes about as long as the rest of lint and the compiler together.
  await Promise.all([
    check('lint', 'node', ['scripts/lint.mjs']),
    check('types', 'tsc', ['-p', 'tsconfig.json', '--noEmit']).then(ensureBuilt),
  ]);
}
// The fault matrix has a command of its own: npm run test:faults.
const patterns = testPatterns(names, realpathSync(root));
const ran = await runJest(names.length === 0 ? ['--selectProjects', 'unit', 'integration'] : patterns);
for (const kind of Object.keys(total)) total[kind] += ran[kind];
if (ran.total === 0) {
  say(`no test matches ${names.join(' ')}`);
  total.failed += 1;
}

process.stdout.write(totalLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;

/** A check counts as one test. */
async function check(name, command, args) {
  const started = Date.now();
  const code = await run(command, args);
  say(`${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds(started)}`);
  if (code === 0) total.passed += 1;
  else total.failed += 1;
}
