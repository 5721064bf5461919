import { ensureBuilt, say, seconds } from './bootstrap.mjs';
import { runJest, totalLine } from './run-jest.mjs';

/** Runs one project of jest.config.js that is not part of `npm test`. The last line is `N passed, N failed[, N skipped]`. */
export async function runSuite(project, more = []) {
  await ensureBuilt();
  const started = Date.now();
  const total = await runJest(['--selectProjects', project, ...more]);
  say(`${project}: ${seconds(started)}`);
  process.stdout.write(totalLine(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}
