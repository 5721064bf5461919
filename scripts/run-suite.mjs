import { ensureBuilt, say, seconds } from './bootstrap.mjs';
import { runJest } from './run-jest.mjs';

/** Runs one project of jest.config.js that is not part of `npm test`. The last line is `N passed, N failed[, N skipped]`. */
export async function runSuite(project, more = []) {
  await ensureBuilt();
  const started = Date.now();
  const { passed, failed, skipped } = await runJest(['--selectProjects', project, ...more]);
  say(`${project}: ${seconds(started)}`);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
