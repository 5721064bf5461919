import type { Clock } from '#contracts';

/** A clock that only the test moves; wall clock and monotonic clock together, unless the wall clock is set. */
export class MovedClock implements Clock {
  #wall: number;
  #monotonic = 0;

  constructor(start: string) {
    this.#wall = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#wall);
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  /** Time passes. */
  pass(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock; no time passes. */
  set(at: string): void {
    this.#wall = Date.parse(at);
  }
}
