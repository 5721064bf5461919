import type { Clock } from '#contracts';

/** A clock that stands still until a test moves it: the wall clock and the monotonic one each by itself, as a jump of the system time does. */
export class MovedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;

  constructor(start: Date | string = '2026-11-30T12:00:00.000Z') {
    this.#wallMs = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Time goes by: both clocks advance. */
  pass(ms: number): void {
    if (ms < 0) throw new Error('time does not pass backwards: that is a jump');
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the wall clock; the monotonic one takes no notice. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }
}
