// npm run test:surface: what the HTTP surface withstands (test/surface/): every request that its OpenAPI document allows or forbids, planted secrets, load.
// The last line is `N passed, N failed`.
import { ensureBuilt, say, seconds } from './bootstrap.mjs';
import { runJest } from './run-jest.mjs';

await ensureBuilt();
const started = Date.now();
const { passed, failed } = await runJest(['--selectProjects', 'surface', '--runInBand']);
say(`surface: ${seconds(started)}`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
