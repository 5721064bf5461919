import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env['HAZINA_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hazina');

/**
 * A program of a Python environment of its own, outside the work tree: made once for these packages, from PyPI, with nothing else in it. The machine needs
 * `python3`, and its module venv or pip.
 */
export function pythonProgram(name: string, packages: readonly string[], program: string): string {
  const digest = createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 8);
  const environment = join(cache, `python-${name}-${digest}`);
  const ready = join(environment, 'ready');
  if (!existsSync(ready)) {
    mkdirSync(cache, { recursive: true });
    makeEnvironment(environment, packages);
    writeFileSync(ready, '');
  }
  return join(environment, 'bin', program);
}

function makeEnvironment(environment: string, packages: readonly string[]): void {
  const python = join(environment, 'bin', 'python3');
  const install = ['install', '--quiet', '--disable-pip-version-check', ...packages];
  // Debian leaves ensurepip out of its python3: then the pip of the machine installs into the environment, if there is one.
  const ways = [
    [
      ['python3', '-m', 'venv', environment],
      [python, '-m', 'pip', ...install],
    ],
    [
      ['python3', '-m', 'venv', '--without-pip', environment],
      ['python3', '-m', 'pip', '--python', python, ...install],
    ],
  ];
  const troubles: string[] = [];
  for (const way of ways) {
    rmSync(environment, { recursive: true, force: true });
    const trouble = firstTrouble(way);
    if (trouble === null) return;
    troubles.push(trouble);
  }
  throw new Error(
    `No Python environment with ${packages.join(', ')} could be made: python3 is needed, with venv and ensurepip (Debian: apt-get install python3-venv) ` +
      `or with pip 22.3 or later, and PyPI must be reachable.\n${troubles.join('\n')}`,
  );
}

function firstTrouble(commands: readonly (readonly string[])[]): string | null {
  for (const [program = '', ...args] of commands) {
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) return `${program} ${args.join(' ')}: ${error?.message ?? (stderr || stdout)}`.trim();
  }
  return null;
}
