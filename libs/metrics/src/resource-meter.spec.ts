import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '#contracts';
import { startResourceMeter } from './resource-meter.js';

describe('the resource meter', () => {
  it('measures CPU time, memory, the blocked event loop and the rate of a run', async () => {
    const meter = startResourceMeter(systemClock);
    // The loop turns once before it is blocked: the meter measures between two turns.
    await pause(30);
    const ballast = Buffer.alloc(64 * 1024 * 1024, 1);
    const end = performance.now() + 200;
    while (performance.now() < end) ballast[0] = 2;
    await pause(30);
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
