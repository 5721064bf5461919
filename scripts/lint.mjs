// npm run lint: formatting, typed lint with zero warnings, the arrows between folders and the cycle check.
import { ensureInstalled, run } from './bootstrap.mjs';

ensureInstalled();
const checks = [
  ['prettier', ['--check', '--log-level', 'warn', '.']],
  ['eslint', ['--max-warnings', '0', '.']],
  ['depcruise', ['--output-type', 'err', 'apps', 'libs', 'test', 'bench']],
];
for (const [command, args] of checks) {
  const code = await run(command, args);
  if (code !== 0) process.exit(code);
}
