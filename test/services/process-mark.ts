import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { waitUntil } from './wait-until.js';

/** A process told apart from a later one with the same id. */
export interface ProcessMark {
  readonly pid: number;
  /** Opaque: boot and start time. */
  readonly startedAt: string;
}

/** The mark of a running process; undefined for one that ended (a zombie included). */
export function markOf(pid: number): ProcessMark | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function ownMark(): ProcessMark {
  return markOf(process.pid) ?? { pid: process.pid, startedAt: 'unknown' };
}

export function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAt === mark.startedAt;
}

/** Sends the signals one after the other, each with 10 s to take effect, until the process is gone. */
export async function endProcess(mark: ProcessMark, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const [index, signal] of signals.entries()) {
    if (!signalProcess(mark, signal)) return;
    const gone = waitUntil(() => !isAlive(mark), {
      what: `the end of process ${mark.pid} after ${signal}`,
      timeoutMs: 10_000,
      intervalMs: 10,
    });
    try {
      await gone;
      return;
    } catch (error) {
      if (index === signals.length - 1) throw error;
    }
  }
}

/** False when there was no such process any more. */
export function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): boolean {
  if (!isAlive(mark)) return false;
  try {
    process.kill(mark.pid, signal);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

/** Not by instanceof: within Jest the errors of Node's own modules are of another realm's class. */
export function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the name in parentheses may hold anything, so count from its end: state is field 3, the number of
    // threads field 20, starttime field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, threads, startTime] = [fields[0], Number(fields[17]), fields[19]];
    // The first thread is a zombie while the others still end, and until then files and ports are open.
    const ended = (state === 'Z' || state === 'X') && threads <= 1;
    if (ended || startTime === undefined) return undefined;
    return `${bootId()} ${startTime}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'no-boot-id';
  }
}

function startByPs(pid: number): string | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state, ...start] = stdout.trim().split(/\s+/);
  if (status !== 0 || state === undefined || state.startsWith('Z')) return undefined;
  return start.join(' ');
}
