import type { Clock } from '#contracts';
import { Every } from '../core/every.js';

const everyMs = 10_000;

/** Remembers when the workers' own connection last answered: some never come back after a restart of Redis, and then only a restart helps. */
export class RedisPulse {
  readonly #loop: Every;
  #answeredAt: number;

  constructor(
    private readonly clock: Clock,
    private readonly roundTrip: () => Promise<void>,
  ) {
    this.#answeredAt = clock.monotonicMs();
    this.#loop = new Every(everyMs, () => this.#ask());
  }

  sinceMs(): number {
    return this.clock.monotonicMs() - this.#answeredAt;
  }

  start(): void {
    this.#loop.start();
  }

  /** Does not wait: a question to a Redis that is away is answered when it is back. */
  stop(): void {
    void this.#loop.stop();
  }

  async #ask(): Promise<void> {
    // That it fails shows by its time.
    await this.roundTrip().then(
      () => (this.#answeredAt = this.clock.monotonicMs()),
      () => undefined,
    );
  }
}
