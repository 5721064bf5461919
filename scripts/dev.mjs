// npm run dev: services, a sample database, API and worker, left running until Ctrl-C (test/quickstart/dev.ts). Sources that change are compiled; the stack starts again.
import { spawn } from 'node:child_process';
import { ensureBuilt, environment, root, run, say } from './bootstrap.mjs';

await ensureBuilt();
const compiler = spawn('tsc', ['-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'], {
  cwd: root,
  env: environment,
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  process.exitCode = await run('node', ['dist/test/quickstart/dev.js']);
} finally {
  compiler.kill();
}
say('stopped');
