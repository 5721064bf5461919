import type { Clock } from '#contracts';
import type { WorkerLog } from '../logging/worker-log.js';

export interface PacedWritesOptions {
  readonly clock: Clock;
  readonly log: WorkerLog;
  /** Between two writes of the progress. */
  readonly everyMs: number;
  /** Writes how far the run is now. */
  readonly writeProgress: () => Promise<unknown>;
}

/** Writes to a record while its run goes on: the progress at most once in `everyMs`, and one write at a time. They never fail or delay the run. */
export class PacedWrites {
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #writtenAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(private readonly options: PacedWritesOptions) {}

  /** There is something new to tell. */
  schedule(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const { clock, everyMs, writeProgress } = this.options;
    const wait = Math.max(0, this.#writtenAt + everyMs - clock.monotonicMs());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writtenAt = clock.monotonicMs();
      // A catalogue that is slow gets fewer writes, not a queue of them.
      if (this.#waiting > 0) this.schedule();
      else this.write(writeProgress);
    }, wait);
    this.#timer.unref();
  }

  /** At once, after the write that is under way. */
  write(write: () => Promise<unknown>): void {
    this.#waiting += 1;
    this.#writing = this.#writing
      .then(async () => {
        if (!this.#stopped) await write();
      })
      .catch((error: unknown) => this.options.log.debug('progress not written', { reason: String(error) }))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** When what is under way is through. */
  settled(): Promise<void> {
    return this.#writing;
  }

  /** No further write; waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#writing;
  }
}
