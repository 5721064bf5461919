import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './child-environment.js';

export interface HazinaRun {
  readonly environment: Readonly<Record<string, string>>;
  readonly stdio?: 'inherit' | 'pipe';
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** With `stdio: 'pipe'`: it is fed through `child.stdin`. */
  readonly stdin?: true;
}

/** The project's root, from the source tree and from dist/ alike. */
export const projectRoot = join(
  dirname(fileURLToPath(import.meta.url)).replace(/([/\\])dist[/\\]test[/\\]support$/, '$1test/support'),
  '..',
  '..',
);

/** Runs the CLI as a user does, in a process of its own; resolves to its exit code. */
export async function runHazina(args: readonly string[], run: HazinaRun): Promise<number> {
  const child = spawnHazina(args, run);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** The same with its output collected. */
export async function hazina(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: { cwd?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawnHazina(args, { environment, stdio: 'pipe', ...options });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 143)));
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** The CLI's process, for tests that signal it. Only PATH and HOME come from our own environment. */
export function spawnHazina(
  args: readonly string[],
  { environment, stdio = 'inherit', signal, cwd, stdin }: HazinaRun,
): ReturnType<typeof spawn> {
  return spawn(process.execPath, [join(projectRoot, 'apps/cli/bin/hazina.mjs'), ...args], {
    env: childEnvironment(environment),
    stdio: stdio === 'inherit' ? 'inherit' : [stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
    ...(cwd === undefined ? {} : { cwd }),
  });
}
