import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../services/wait-until.js';
import { processesOf, temporaryFiles } from './leftovers.js';
import { excessOf, memoryIsBack, memoryKept, memoryUse, type MemoryUse } from './memory-base.js';

/**
 * What must hold of every file of the fault matrix, whatever it tests: after each test this process holds no more memory than before the first one and no process that
 * the test started is left, after the last one no process at all and no temporary file. Used by fault-environment.ts.
 */
export class FaultWatch {
  /** Everything that the file makes in the folder for temporary files comes to lie here, that of its processes too. */
  readonly folder = mkdtempSync(join(tmpdir(), 'hazina-fault-'));
  readonly #childrenBefore = childrenOfThisProcess();
  #base: MemoryUse | undefined;
  #running: readonly string[] = [];

  /** Before each test. The first one sets the base: what the file was loaded with and what it prepared belongs to it. */
  testBegins(): void {
    this.#base ??= memoryKept();
    this.#running = this.#processes();
  }

  /** After each test and its hooks; fails when memory is not back at its base, or a process that it started still runs. */
  async testEnds(timeoutMs?: number): Promise<void> {
    let left: string[] = [];
    const before = new Set(this.#running.map(pidOf));
    const ofThisTest = (one: string): boolean => !before.has(pidOf(one)) && !servers.test(one);
    await waitUntil(() => (left = this.#processes().filter(ofThisTest)).length === 0, {
      ...{ what: 'the end of every process that the test started', timeoutMs: timeoutMs ?? 20_000, intervalMs: 100 },
      onTimeout: () => left.join('\n'),
    });
    // To collect takes a busy machine long, and what is below the bound with all its garbage is below it without.
    if (this.#base === undefined || excessOf(this.#base, memoryUse()).length === 0) return;
    await memoryIsBack(this.#base, memoryKept, timeoutMs);
  }

  /** After the last hook; fails with what is left. */
  async fileEnds(timeoutMs = 20_000): Promise<void> {
    let left: string[] = [];
    await waitUntil(() => (left = this.#leftovers()).length === 0, {
      ...{ what: 'the end of every process and every temporary file', timeoutMs, intervalMs: 100 },
      onTimeout: () => left.join('\n'),
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #leftovers(): string[] {
    return [...this.#processes(), ...temporaryFiles(this.folder)];
  }

  /** Ours, and what those have started. */
  #processes(): string[] {
    const children = [...childrenOfThisProcess()].filter((pid) => !this.#childrenBefore.has(pid));
    return [...processesOf(this.folder, [process.pid]), ...children.map((pid) => `child ${pid}: ${commandOf(pid)}`)];
  }
}

/** Servers that a test ends and starts again for the tests behind it; the file ends them. */
const servers = /^(process|child) \d+: \S*(redis-server|ferretdb[-.\w]*|postgres|versitygw|mongod)(\s|$)/;

function pidOf(process: string): string | undefined {
  return /\d+/.exec(process)?.[0];
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function childrenOfThisProcess(): ReadonlySet<number> {
  const lists = readdirSync('/proc/self/task').map((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim();
    } catch {
      // The thread has ended meanwhile.
      return '';
    }
  });
  return new Set(lists.flatMap((list) => list.split(' ').filter((pid) => pid !== '')).map(Number));
}
