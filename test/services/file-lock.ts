import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from './cache.js';
import type { Log } from './log.js';
import { isAlive, isErrno, ownMark, type ProcessMark } from './process-mark.js';
import { waitUntil } from './wait-until.js';

let counter = 0;

/**
 * Runs the work while no other process runs work under the same name. A lock whose process is gone is taken over.
 * It saves work, it does not guard data: installations are published by an atomic rename in any case.
 */
export async function withLock<T>(
  cache: Cache,
  name: string,
  log: Log,
  work: () => Promise<T>,
  timeoutMs = 15 * 60_000,
): Promise<T> {
  const file = join(cache.locks, `${name}.lock`);
  counter += 1;
  const content = JSON.stringify({ ...ownMark(), counter });
  let told = false;
  await waitUntil(
    () => {
      if (tryToTake(file, content)) return true;
      const holder = readHolder(file);
      if (holder !== undefined && !isAlive(holder)) breakLock(file, holder);
      else if (holder !== undefined && !told) {
        told = true;
        log(`waiting for process ${holder.pid}, which is at work on ${name} …`);
      }
      return false;
    },
    { what: `the lock ${file}`, timeoutMs, intervalMs: 100 },
  );
  try {
    return await work();
  } finally {
    if (readText(file) === content) rmSync(file, { force: true });
  }
}

/** Takes the lock by linking a complete file to its name, so that no reader ever sees half a holder. */
function tryToTake(file: string, content: string): boolean {
  const own = `${file}.${process.pid}.${counter}`;
  writeFileSync(own, content);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Two may find the same stale lock: rename lets one of them have it, and what is no longer the stale one goes back. */
function breakLock(file: string, stale: ProcessMark): void {
  const aside = `${file}.stale.${process.pid}.${counter}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved?.pid !== stale.pid || moved.startedAt !== stale.startedAt) {
    try {
      linkSync(aside, file);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }
  rmSync(aside, { force: true });
}

function readHolder(file: string): ProcessMark | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value && 'startedAt' in value)) return undefined;
  if (typeof value.pid !== 'number' || typeof value.startedAt !== 'string') return undefined;
  return { pid: value.pid, startedAt: value.startedAt };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
