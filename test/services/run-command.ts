import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Environment } from './cache.js';
import { isErrno } from './process-mark.js';
import { ServiceError } from './service-error.js';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env?: Environment;
  /** Gets standard output and standard error. */
  readonly logFile: string;
  /** What the command is for, as it reads before "failed". */
  readonly what: string;
  readonly hint: string;
  /** Default 10 minutes. */
  readonly timeoutMs?: number;
}

const running = new Set<number>();
let interrupted = false;

/** Runs an installer in a process group of its own; a failure shows the end of its output. */
export async function runCommand(options: Command): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 10 * 60_000;
  const output = openSync(options.logFile, 'a');
  let timedOut = false;
  const ending = await new Promise<string>((resolve) => {
    const child = spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...options.env },
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const timer = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) killGroup(pid);
    }, timeoutMs);
    const settle = (text: string) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve(text);
    };
    child.once('error', (error) => {
      settle(error.message);
    });
    child.once('close', (code, signal) => {
      if (timedOut) settle(`stopped after ${timeoutMs / 1000} s`);
      else settle(code === 0 ? '' : code === null ? `ended by ${String(signal)}` : `exit code ${code}`);
    });
  });
  closeSync(output);
  if (ending === '') return;
  if (interrupted) throw new ServiceError(`${options.what} was interrupted`);
  throw new ServiceError(`${options.what} failed (${ending})\n${lastLines(options.logFile)}`, options.hint);
}

/** For Ctrl-C: installers do not outlive us. */
export function killRunningCommands(): void {
  interrupted = true;
  for (const pid of running) killGroup(pid);
}

/** What a short command prints. */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, args, { timeout: 20_000 });
  return stdout === '' ? stderr : stdout;
}

/** The end of a log file, indented, under its name. */
export function lastLines(file: string, count = 15): string {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);
    return [`  the end of ${file}:`, ...lines.map((line) => `    ${line}`)].join('\n');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return `  (${file} was not written)`;
    throw error;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}
