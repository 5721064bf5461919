import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemClock, type Clock } from '#contracts';
import type { DumpEngine, DumpRequest } from '#engine';
import { createMemoryStore } from '#storage';
import { backupDeps, backupRequest, clinicArchive, noAbort } from '../../../test/support/backup-world.js';
import { runBackup } from './run-backup.js';
import { Pace, Throttle } from './throttle.js';

/** Time that passes a hundred times as fast. */
const fast: Clock = { now: () => new Date(), monotonicMs: () => performance.now() * 100 };

describe('a throttle', () => {
  it('gives every byte at the rate that it is told, by the clock that it is given', async () => {
    const bytes = Buffer.alloc(100_000, 'x');
    const chunks = Array.from({ length: 20 }, (_, at) => bytes.subarray(at * 5_000, (at + 1) * 5_000));
    const pass = async (clock: Clock): Promise<number> => {
      const started = clock.monotonicMs();
      const passed = Readable.from(chunks, { objectMode: false }).pipe(new Throttle(new Pace(200_000, clock)));
      expect((await buffer(passed)).equals(bytes)).toBe(true);
      return clock.monotonicMs() - started;
    };
    expect(await pass(systemClock)).toBeGreaterThan(450);
    const started = performance.now();
    expect(await pass(fast)).toBeGreaterThan(450);
    expect(performance.now() - started).toBeLessThan(450);
  });

  it('lets go at once when it is destroyed', async () => {
    const throttle = new Throttle(new Pace(1, systemClock));
    throttle.on('error', () => undefined);
    throttle.write(Buffer.alloc(1000));
    const closed = new Promise((resolve) => throttle.once('close', resolve));
    throttle.destroy(new Error('away'));
    await closed;
    expect(throttle.destroyed).toBe(true);
  });

  it('slows a backup down, and a cancel ends it at once', async () => {
    const store = createMemoryStore();
    const cancel = new AbortController();
    const deps = backupDeps(store);
    const observer = {
      ...deps.observer,
      stage: (stage: string) => stage === 'dump' && setImmediate(() => cancel.abort()),
    };
    const request = backupRequest({ throttleBytesPerSecond: 1000 });
    const started = performance.now();
    const run = runBackup({ ...deps, observer: observer }, request, cancel.signal);
    await expect(run).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(performance.now() - started).toBeLessThan(5_000);

    const quick = backupRequest({ throttleBytesPerSecond: 100 * clinicArchive.length });
    const { backup } = await runBackup(deps, quick, noAbort);
    expect(backup.totals.archiveBytes).toBe(clinicArchive.length);
  });

  it.each([
    [{}, undefined],
    [{ throttleBytesPerSecond: 8e6 }, 8e6],
    [{ storeThrottleBytesPerSecond: 7e6 }, 7e6],
    [{ throttleBytesPerSecond: 8e6, storeThrottleBytesPerSecond: 7e6 }, 7e6],
    [{ throttleBytesPerSecond: 6e6, storeThrottleBytesPerSecond: 7e6 }, 6e6],
  ])('%j: the engine knows how fast it is read', async (rates, bytesPerSecond) => {
    const deps = backupDeps(createMemoryStore());
    const asked: DumpRequest[] = [];
    const engine: DumpEngine = {
      ...deps.engine,
      dump(request, ...more) {
        asked.push(request);
        return deps.engine.dump(request, ...more);
      },
    };
    await runBackup({ ...deps, engine }, backupRequest(rates), noAbort);
    expect(asked.map((request) => request.bytesPerSecond)).toEqual([bytesPerSecond]);
  });
});
