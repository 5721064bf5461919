// npm run test:stories: what happens to a running installation over its years (test/stories/): destinations that are lost and come back, keys that are
// rewritten or live in AWS, fleets of two versions, hooks, restore targets that other people use.
// The last line is `N passed, N failed`.
import { ensureBuilt, say, seconds } from './bootstrap.mjs';
import { runJest } from './run-jest.mjs';

await ensureBuilt();
const started = Date.now();
const { passed, failed } = await runJest(['--selectProjects', 'stories']);
say(`stories: ${seconds(started)}`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
