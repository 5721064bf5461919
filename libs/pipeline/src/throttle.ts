import { Transform, type TransformCallback } from 'node:stream';
import type { Clock } from '#contracts';

const burstMs = 250;
const shortestPauseMs = 5;
const longestPauseMs = 100;

/**
 * At most so many bytes a second: a token bucket that goes into debt for a chunk and pays it off by waiting before the next one, so that chunks keep their size.
 * By the clock, not by timers: those are late when the machine is busy, and a clock of a test may stand still.
 */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** Bytes that may pass now; negative while a debt is paid off. */
  #tokens = 0;
  #filledAt: number;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    this.#filledAt = clock.monotonicMs();
  }

  /** These bytes have passed. */
  spend(bytes: number): void {
    this.#fill();
    this.#tokens -= bytes;
  }

  /** How long to wait before the next look; undefined: the next bytes may pass. */
  pauseMs(): number | undefined {
    this.#fill();
    const owedMs = -this.#tokens / this.#bytesPerMs;
    return owedMs < shortestPauseMs ? undefined : Math.min(owedMs, longestPauseMs);
  }

  #fill(): void {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#tokens + (now - this.#filledAt) * this.#bytesPerMs, burstMs * this.#bytesPerMs);
    this.#filledAt = now;
  }
}

/** For options that go without where nothing is limited. */
export function paceOf(bytesPerSecond: number | null, clock: Clock): { readonly pace?: Pace } {
  return bytesPerSecond === null ? {} : { pace: new Pace(bytesPerSecond, clock) };
}

/** Lets at most so many bytes a second through. Backpressure does the rest: the dump reads no faster. */
export class Throttle extends Transform {
  readonly #pace: Pace;
  #timer: NodeJS.Timeout | undefined;

  constructor(pace: Pace) {
    // Small buffers: what waits here has been read from the source too early.
    super();
    this.#pace = pace;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pace.spend(chunk.length);
    this.push(chunk);
    this.#whenPaid(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }

  #whenPaid(done: TransformCallback): void {
    const pauseMs = this.#pace.pauseMs();
    if (pauseMs === undefined) done();
    else this.#timer = setTimeout(() => this.#whenPaid(done), pauseMs);
  }
}
