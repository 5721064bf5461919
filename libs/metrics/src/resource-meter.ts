import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, RunResources } from '#contracts';

export interface ResourceMeter {
  /** What the process used since the start; ends the measuring. `archiveBytes`: bytes of the archive that passed. */
  finish(archiveBytes: number): RunResources;
  /** Ends the measuring without a result. May be called after `finish`. */
  stop(): void;
}

const sampleEveryMs = 500;
const loopResolutionMs = 20;

/**
 * Measures a run by its process: CPU time and memory of runs at the same time are in each other's figures. CPU time counts child processes too (mongodump),
 * from the moment in which they have ended; memory does not. Memory is sampled twice a second, since the system's own peak is that of the whole life of the process.
 */
export function startResourceMeter(clock: Clock): ResourceMeter {
  const start = clock.monotonicMs();
  const cpuAtStart = process.cpuUsage();
  const childrenAtStart = childCpuSeconds();
  const delays = monitorEventLoopDelay({ resolution: loopResolutionMs });
  delays.enable();
  let peakRssBytes = process.memoryUsage.rss();
  const sample = () => {
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  };
  const sampling = setInterval(sample, sampleEveryMs);
  sampling.unref();
  const stop = () => {
    clearInterval(sampling);
    delays.disable();
  };
  return {
    stop,
    finish: (archiveBytes) => {
      sample();
      stop();
      const cpu = process.cpuUsage(cpuAtStart);
      const elapsedSeconds = (clock.monotonicMs() - start) / 1_000;
      return {
        cpuSeconds: (cpu.user + cpu.system) / 1e6 + childCpuSeconds() - childrenAtStart,
        peakRssBytes,
        archiveBytesPerSecond: elapsedSeconds > 0 ? Math.round(archiveBytes / elapsedSeconds) : 0,
        // What is measured is the time between two looks, the pause between them included.
        eventLoopDelayMs: Math.max(0, Math.round(delays.max / 1e6 - loopResolutionMs)),
      };
    },
  };
}

/** Linux tells user space hundredths of a second, whatever its own clock tick is. */
const ticksPerSecond = 100;

/** CPU time of the child processes (and theirs) that this process has seen end; 0 where the system does not tell. */
export function childCpuSeconds(): number {
  try {
    // The name, in parentheses, may hold spaces: fields are counted from behind it. `cutime` and `cstime` are fields 16 and 17 of proc(5).
    const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = Number(fields[13]) + Number(fields[14]);
    return Number.isFinite(ticks) ? ticks / ticksPerSecond : 0;
  } catch {
    return 0;
  }
}
