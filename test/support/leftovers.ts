import { readdirSync, readFileSync } from 'node:fs';

/** Processes that were started with this folder somewhere in their environment, and still run; in words. */
export function processesOf(folder: string, but: readonly number[] = []): string[] {
  return pids()
    .filter((pid) => !but.includes(pid) && readQuietly(`/proc/${pid}/environ`).includes(folder))
    .map((pid) => `process ${pid}: ${readQuietly(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

/** Processes that were started with this among their arguments, and still run. */
export function processesWith(argument: string): number[] {
  return pids().filter((pid) => readQuietly(`/proc/${pid}/cmdline`).split('\0').includes(argument));
}

/** What lies in a folder for temporary files. Node keeps compiled JavaScript there. */
export function temporaryFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== 'node-compile-cache');
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process may end between two looks. */
function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
