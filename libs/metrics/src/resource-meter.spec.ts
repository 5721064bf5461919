import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '#contracts';
import { waitUntil } from '../../../test/services/wait-until.js';
import { startResourceMeter } from './resource-meter.js';

describe('the resource meter', () => {
  it('measures CPU time, memory, the blocked event loop and the rate of a run', async () => {
    const meter = startResourceMeter(systemClock);
    // The meter measures between two turns of the loop. Ours began after it, and looks as often: what it has seen, the meter has seen.
    const ours = monitorEventLoopDelay({ resolution: 20 });
    ours.enable();
    const turn = async () => {
      const before = ours.count;
      await waitUntil(() => ours.count > before, { what: 'a turn of the loop', intervalMs: 5 });
    };
    await turn();
    const ballast = Buffer.alloc(64 * 1024 * 1024, 1);
    const end = performance.now() + 200;
    while (performance.now() < end) ballast[0] = 2;
    await turn();
    ours.disable();
    const used = meter.finish(10_000);
    expect(used.cpuSeconds).toBeGreaterThan(0.1);
    expect(used.cpuSeconds).toBeLessThan(10);
    expect(used.peakRssBytes).toBeGreaterThan(ballast.length);
    expect(used.eventLoopDelayMs).toBeGreaterThan(120);
    expect(used.eventLoopDelayMs).toBeLessThan(5_000);
    expect(used.archiveBytesPerSecond).toBeGreaterThan(1_000);
    expect(used.archiveBytesPerSecond).toBeLessThan(40_000);
    meter.stop();
  });

  it('counts the CPU time of a child process that has ended', async () => {
    const meter = startResourceMeter(systemClock);
    const burn = 'const end = process.cpuUsage().user + 600_000; while (process.cpuUsage().user < end) ;';
    const child = spawn(process.execPath, ['-e', burn], { stdio: 'ignore' });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(meter.finish(0).cpuSeconds).toBeGreaterThan(0.55);
  });

  it('has a rate of 0 for a run without time, and whole numbers', () => {
    const meter = startResourceMeter({ now: () => new Date(0), monotonicMs: () => 5 });
    expect(meter.finish(7)).toMatchObject({ archiveBytesPerSecond: 0, eventLoopDelayMs: expect.any(Number) });
  });
});
