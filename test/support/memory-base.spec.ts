import { describe, expect, it } from '@jest/globals';
import { excessOf, memoryIsBack, memoryKept, mostKept, type MemoryUse } from './memory-base.js';

// A check that cannot fail is worth nothing: what is leaked here on purpose must be found.

const soon = 500;
/** What a run that forgets to let go would hold. */
const kept: unknown[] = [];

describe('memory that must be back at its base', () => {
  it('finds a part of an upload that is kept, and is content when it is let go', async () => {
    const base = memoryKept();
    kept.push(Buffer.alloc(5 * 2 ** 20, 1));
    await expect(memoryIsBack(base, memoryKept, soon)).rejects.toThrow(/memory to be back.*\nbuffers: .* MiB now/);
    kept.length = 0;
    await memoryIsBack(base);
  });

  it('finds documents that are kept', async () => {
    const base = memoryKept();
    for (let at = 0; at < 800_000; at += 1) kept.push({ _id: at, text: `visit ${at}` });
    await expect(memoryIsBack(base, memoryKept, soon)).rejects.toThrow(/heap: .* MiB now/);
    kept.length = 0;
    await memoryIsBack(base);
  });

  it('is content with garbage, and with a little more', async () => {
    const base = memoryKept();
    for (let at = 0; at < 50; at += 1) Buffer.alloc(2 ** 20, at);
    kept.push(Buffer.alloc(2 ** 20, 1));
    await memoryIsBack(base);
    kept.length = 0;
  });

  it('bounds buffers below a part of an upload', () => {
    const base: MemoryUse = { buffers: 7, heap: 9 };
    expect(mostKept.buffers).toBeLessThan(5 * 2 ** 20);
    expect(excessOf(base, { buffers: 7 + mostKept.buffers, heap: 9 + mostKept.heap })).toEqual([]);
    expect(excessOf(base, { buffers: 8 + mostKept.buffers, heap: 10 + mostKept.heap })).toHaveLength(2);
  });
});
