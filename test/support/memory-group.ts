import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Processes that may have so much memory together: beyond it the kernel kills one of them (cgroups, version 1 or 2; Linux, as root). */
export interface MemoryGroup {
  add(pid: number): void;
  /** How many the kernel has killed. */
  readonly kills: number;
  /** Only when nobody is in it any more. */
  close(): void;
}

const root = '/sys/fs/cgroup';
let made = 0;

/** Undefined: this machine makes none. */
export function makeMemoryGroup(limitBytes: number): MemoryGroup | undefined {
  const isFirst = existsSync(join(root, 'memory', 'memory.limit_in_bytes'));
  const name = `hazina-${process.pid}-${(made += 1)}`;
  const folder = join(root, ...(isFirst ? ['memory', name] : [name]));
  const [limit, events] = isFirst ? ['memory.limit_in_bytes', 'memory.oom_control'] : ['memory.max', 'memory.events'];
  try {
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  try {
    writeFileSync(join(folder, limit), String(limitBytes));
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    get kills() {
      const [, count = '0'] = /^oom_kill (\d+)$/m.exec(readFileSync(join(folder, events), 'utf8')) ?? [];
      return Number(count);
    },
    close: () => rmdirSync(folder),
  };
}
