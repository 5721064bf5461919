import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of processes whose environment holds the mark; this process has it nowhere. Where there is no /proc: none. */
export function processesWith(mark: string): string[] {
  try {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
