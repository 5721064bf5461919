import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env['HAZINA_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hazina');

/** A program of a Python environment of its own, outside the work tree: made once, from PyPI, with these packages and nothing else. */
export function pythonProgram(name: string, packages: readonly string[], program: string): string {
  const environment = join(cache, `python-${name}`);
  const bin = join(environment, 'bin');
  if (!existsSync(join(environment, 'ready'))) {
    mkdirSync(cache, { recursive: true });
    execFileSync('python3', ['-m', 'venv', environment]);
    execFileSync(join(bin, 'python3'), ['-m', 'pip', 'install', '--quiet', ...packages]);
    writeFileSync(join(environment, 'ready'), '');
  }
  return join(bin, program);
}
