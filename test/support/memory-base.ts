import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { waitUntil } from '../services/wait-until.js';

/** What a process holds when its garbage has been collected. */
export interface MemoryUse {
  /** Contents of buffers, wherever they lie. */
  readonly buffers: number;
  /** Objects, and what else hangs on them: compiled code, text, contexts of codecs. */
  readonly heap: number;
}

const mebi = 2 ** 20;
/**
 * What may be held besides after a fault. A part of an upload has 5 MiB or more: one that is left breaks the bound of the buffers. Objects are given more: what is
 * loaded when it is first used stays, and a test keeps the log of its services.
 */
export const mostKept: MemoryUse = { buffers: 4 * mebi, heap: 48 * mebi };

// Resident memory is not looked at: the allocator gives back what it was given when it likes to.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export function memoryUse({ heapUsed, external, arrayBuffers } = process.memoryUsage()): MemoryUse {
  return { buffers: arrayBuffers, heap: heapUsed + external - arrayBuffers };
}

/** What this process holds for good. */
export function memoryKept(): MemoryUse {
  collect();
  return memoryUse();
}

/** In words, what is held besides the base beyond the bound. */
export function excessOf(base: MemoryUse, now: MemoryUse): string[] {
  return (['buffers', 'heap'] as const)
    .filter((kind) => now[kind] > base[kind] + mostKept[kind])
    .map((kind) => `${kind}: ${inMebi(base[kind])} at first, ${inMebi(now[kind])} now`);
}

/**
 * Waits until this process, or the one that `kept` asks, is back at its base: what ends in the background lets go a little later, and buffers are given back by
 * another thread. Fails with what it holds.
 */
export async function memoryIsBack(
  base: MemoryUse,
  kept: () => MemoryUse | Promise<MemoryUse> = memoryKept,
  timeoutMs = 15_000,
): Promise<void> {
  let excess: string[] = [];
  await waitUntil(async () => (excess = excessOf(base, await kept())).length === 0, {
    ...{ what: 'memory to be back at its base', timeoutMs, intervalMs: 250 },
    onTimeout: () => excess.join('\n'),
  });
}

function inMebi(bytes: number): string {
  return `${(bytes / mebi).toFixed(1)} MiB`;
}
