import type { Violation } from './rules.js';

const mebibyte = 1024 * 1024;
/**
 * The stated bound of a worker with two backups, two restores and verifications at once. With everything loaded and nothing to do it takes 205 MiB; it levels
 * off between 350 and 410 within a minute of steady work and stays there (measured without faults, docs/reliability.md).
 */
export const mostWorkerBytes = 512 * mebibyte;

export function judgeMemory(process: string, residentBytes: number): Violation[] {
  if (residentBytes <= mostWorkerBytes) return [];
  const [found, most] = [residentBytes, mostWorkerBytes].map((bytes) => Math.round(bytes / mebibyte));
  return [{ rule: 'memory', text: `${process} holds ${found ?? 0} MiB, more than ${most ?? 0}` }];
}

/** A line of a log: `code` internal/unexpected, or a level above error, says that nobody had thought of it. */
export function judgeLine(process: string, line: Readonly<Record<string, unknown>>): Violation[] {
  const { code, level, msg } = line;
  if (code !== 'internal/unexpected' && level !== 'fatal' && level !== 60) return [];
  return [{ rule: 'unexpected', text: `${process} logged ${String(msg)}: ${JSON.stringify(line)}` }];
}

/** Everything that the processes say is a line of JSON. */
export function judgeText(process: string, text: string): Violation[] {
  return [{ rule: 'unexpected', text: `${process} wrote beside its log: ${text}` }];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export function judgeExit(process: string, exit: Exit, asked: 'killed' | 'ended' | 'nothing'): Violation[] {
  if (asked === 'killed' && exit.signal === 'SIGKILL') return [];
  if (asked === 'ended' && exit.code === 0) return [];
  const how = exit.signal ?? `code ${exit.code ?? 'none'}`;
  const told = asked === 'nothing' ? 'although nobody had told it to end' : `when it was ${asked}`;
  return [{ rule: 'process', text: `${process} ended with ${how} ${told}` }];
}

/** Processes that still carry the mark of the run when all of ours have ended. */
export function judgeOrphans(commands: readonly string[]): Violation[] {
  return commands.map((command) => ({ rule: 'process', text: `a process was left behind: ${command}` }));
}
