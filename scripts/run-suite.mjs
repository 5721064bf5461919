import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt, root, say, seconds } from './bootstrap.mjs';
import { runJest, totalLine } from './run-jest.mjs';

/**
 * Runs one project of jest.config.js that is not part of `npm test`; with names as arguments only test/PROJECT/NAME.spec.ts. The last line is `N passed, N failed[, N
 * skipped]`.
 */
export async function runSuite(project, more = []) {
  const names = process.argv.slice(2);
  const bad = names.filter((name) => !existsSync(join(root, 'test', project, `${name}.spec.ts`)));
  if (bad.length > 0) {
    say(`${bad.join(', ')}: there is no test/${project}/NAME.spec.ts of this name`);
    process.exit(2);
  }
  await ensureBuilt();
  const started = Date.now();
  const files = names.length === 0 ? [] : ['--testPathPatterns', `/(${names.join('|')})\\.spec\\.ts$`];
  const total = await runJest(['--selectProjects', project, ...more, ...files]);
  say(`${project}: ${seconds(started)}`);
  process.stdout.write(totalLine(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
