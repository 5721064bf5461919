import { readFileSync } from 'node:fs';
import { percentile } from './timing.js';

const everyMs = 1_000;
const pageBytes = 4096;

interface Sample {
  readonly at: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuMs: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

export interface ProcessUse {
  /** Looks that succeeded, of one a second. */
  readonly looks: number;
  /** Median of the resident memory in the first ten seconds of the time, and in the last ten. */
  readonly rssStartBytes: number;
  readonly rssEndBytes: number;
  /** The least that its heap held in the first and in the last third: what is left after collections. */
  readonly heapFloorStartBytes: number;
  readonly heapFloorEndBytes: number;
  /** Its processor time, all threads. */
  readonly cpuMs: number;
  /** Delay of the event loop as the API's own metrics tell it; Node measures it in steps of 10 ms. */
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

/** Looks at a process once a second: its resident memory from outside, heap and event loop by its own metrics. */
export class ProcessWatch {
  readonly #samples: Sample[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pid: number,
    private readonly url: string,
  ) {}

  start(): void {
    this.#timer = setInterval(() => void this.#look(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  between(from: number, to: number): ProcessUse {
    const samples = this.#samples.filter(({ at }) => at >= from && at <= to);
    const rss = samples.map(({ rssBytes }) => rssBytes);
    const heap = samples.map(({ heapUsedBytes }) => heapUsedBytes);
    const third = Math.ceil(heap.length / 3);
    return {
      looks: samples.length,
      rssStartBytes: percentile(rss.slice(0, 10), 0.5),
      rssEndBytes: percentile(rss.slice(-10), 0.5),
      heapFloorStartBytes: Math.min(...heap.slice(0, third)),
      heapFloorEndBytes: Math.min(...heap.slice(-third)),
      cpuMs: (samples.at(-1)?.cpuMs ?? 0) - (samples[0]?.cpuMs ?? 0),
      lagP99Ms: percentile(
        samples.map(({ lagP99Ms }) => lagP99Ms),
        0.5,
      ),
      lagMaxMs: Math.max(...samples.map(({ lagMaxMs }) => lagMaxMs)),
    };
  }

  async #look(): Promise<void> {
    // A look that fails is left out: what breaks is counted where it is asked for.
    const metrics = await fetch(`${this.url}/metrics`).then(
      (reply) => reply.text(),
      () => null,
    );
    if (metrics === null) return;
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(metrics)?.[1]);
    const [, residentPages = ''] = readFileSync(`/proc/${this.pid}/statm`, 'utf8').split(' ');
    this.#samples.push({
      at: performance.now(),
      rssBytes: Number(residentPages) * pageBytes,
      heapUsedBytes: value('nodejs_heap_size_used_bytes'),
      cpuMs: value('process_cpu_seconds_total') * 1000,
      lagP99Ms: value('nodejs_eventloop_lag_p99_seconds') * 1000,
      lagMaxMs: value('nodejs_eventloop_lag_max_seconds') * 1000,
    });
  }
}
