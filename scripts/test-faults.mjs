// npm run test:faults [-- --slow | F23…]: the fault matrix of docs/reliability.md, every test that is named by a row, wherever it lies. The last
// line is `N passed, N failed`. With rows named only those run; with --slow what `npm test` does not run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, root, say, seconds } from './bootstrap.mjs';
import { runJest, totalLine } from './run-jest.mjs';

const args = process.argv.slice(2);
const slowOnly = args.length === 1 && args[0] === '--slow';
const rows = slowOnly ? [] : args;
const bad = rows.filter((row) => !/^F\d\d$/.test(row));
if (bad.length > 0) {
  say(`${bad.join(', ')}: rows are named like F07 (docs/reliability.md), or --slow alone: what npm test does not run`);
  process.exit(2);
}

await ensureBuilt();
const started = Date.now();
const pattern = (titles) => `(^|\\s)(${titles})\\s`;
const titled = (titles) => ['--testNamePattern', pattern(titles)];
const inFaults = ['--selectProjects', 'faults', '--testPathPatterns', 'test/faults/'];
const elsewhere = ['--selectProjects', 'integration', '--testPathPatterns', ...taggedFiles()];
const runs =
  rows.length > 0
    ? [inFaults, elsewhere].map((files) => [...titled(rows.join('|')), ...files])
    : [inFaults, ...(slowOnly ? [] : [[...titled('F\\d\\d'), ...elsewhere]])];
let [passed, failed, skipped] = [0, 0, 0];
for (const run of runs) {
  const count = await runJest(run);
  passed += count.passed;
  failed += count.failed;
  // What the pattern leaves out is none of the matrix.
  const asked = run.includes('--testNamePattern') ? new RegExp(run[1]) : /^/;
  skipped += count.skippedNames.filter((name) => asked.test(name)).length;
}
say(`fault matrix: ${seconds(started)}`);
const none = passed + failed === 0;
if (none) say(`no test is named ${rows.join(', ')}`);
process.stdout.write(totalLine({ passed, failed: none ? 1 : failed, skipped }));
process.exitCode = failed > 0 || none ? 1 : 0;

/** Tests of `npm test` that prove a row as well. */
function taggedFiles() {
  return ['test/e2e', 'test/integration'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.spec.ts') && /['"`]F\d\d /.test(readFileSync(join(root, folder, name), 'utf8')))
      .map((name) => `${folder}/${name}`),
  );
}
