import type { Clock } from '#contracts';

/** A clock that only the test moves; wall clock and monotonic clock together, unless the wall clock is set, as a jump of the system's time does. */
export class MovedClock implements Clock {
  #wall: number;
  #monotonic = 0;

  constructor(start: Date | string) {
    this.#wall = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#wall);
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  /** Time passes. */
  pass(ms: number): void {
    if (ms < 0) throw new Error('time does not pass backwards: that is a jump');
    this.#wall += ms;
    this.#monotonic += ms;
  }

  /** Somebody sets the wall clock; no time passes. */
  set(at: string): void {
    this.#wall = Date.parse(at);
  }

  /** The same, by so much. */
  jump(ms: number): void {
    this.#wall += ms;
  }
}
