import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env['HAZINA_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hazina');
const environment = join(cache, 'python');
const ready = join(environment, 'ready-2');

/** A Python with what recovery/hazina_recover.py needs, and nothing else. */
export const python = join(environment, 'bin', 'python3');

/** `cryptography` and `zstandard` come from PyPI, once, into an environment of its own outside the work tree. */
export function preparePython(): void {
  if (existsSync(ready)) return;
  mkdirSync(cache, { recursive: true });
  execFileSync('python3', ['-m', 'venv', environment]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'cryptography', 'zstandard']);
  writeFileSync(ready, '');
}
