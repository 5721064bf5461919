// npm run lint: formatting, typed lint with zero warnings, the arrows between folders and the cycle check.
import { ensureInstalled, run } from './bootstrap.mjs';

ensureInstalled();
// Side by side: typed lint alone takes longer than all else.
const [typed, others] = await Promise.all([
  run('eslint', ['--max-warnings', '0', '.']),
  inTurn([
    ['prettier', ['--check', '--log-level', 'warn', '.']],
    ['depcruise', ['--output-type', 'err', 'apps', 'libs', 'test', 'bench']],
  ]),
]);
process.exitCode = typed === 0 ? others : typed;

/** The exit code of the first that fails; 0 when none does. */
async function inTurn(checks) {
  for (const [command, args] of checks) {
    const code = await run(command, args);
    if (code !== 0) return code;
  }
  return 0;
}
