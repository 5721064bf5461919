import { Transform, type TransformCallback } from 'node:stream';
import type { Clock } from '#contracts';

const burstMs = 250;
const shortestPauseMs = 5;
const longestPauseMs = 100;

/**
 * Lets at most so many bytes a second through: a token bucket that goes into debt for a chunk and pays it off by waiting before the next one, so that chunks keep
 * their size. Backpressure does the rest: the dump reads no faster.
 */
export class Throttle extends Transform {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** Bytes that may pass now; negative while a debt is paid off. */
  #tokens: number;
  #filledAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerSecond: number, clock: Clock) {
    // Small buffers: what waits here has been read from the source too early.
    super();
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    this.#tokens = 0;
    this.#filledAt = clock.monotonicMs();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#fill();
    this.#tokens -= chunk.length;
    this.push(chunk);
    this.#whenPaid(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }

  #whenPaid(done: TransformCallback): void {
    const owedMs = -this.#tokens / this.#bytesPerMs;
    if (owedMs < shortestPauseMs) {
      done();
      return;
    }
    // By the clock, not by the timer: timers are late when the machine is busy, and a clock of a test may stand still.
    this.#timer = setTimeout(
      () => {
        this.#fill();
        this.#whenPaid(done);
      },
      Math.min(owedMs, longestPauseMs),
    );
  }

  #fill(): void {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#tokens + (now - this.#filledAt) * this.#bytesPerMs, burstMs * this.#bytesPerMs);
    this.#filledAt = now;
  }
}
