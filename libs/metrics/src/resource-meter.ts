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
 * Measures a run by its process: CPU time and memory of runs at the same time are in each other's figures, those of child processes
 * (mongodump) in none. Memory is sampled twice a second, since the system's own peak is that of the whole life of the process.
 */
export function startResourceMeter(clock: Clock): ResourceMeter {
  const start = clock.monotonicMs();
  const cpuAtStart = process.cpuUsage();
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
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
        peakRssBytes,
        archiveBytesPerSecond: elapsedSeconds > 0 ? Math.round(archiveBytes / elapsedSeconds) : 0,
        // What is measured is the time between two looks, the pause between them included.
        eventLoopDelayMs: Math.max(0, Math.round(delays.max / 1e6 - loopResolutionMs)),
      };
    },
  };
}
