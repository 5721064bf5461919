import { Inject, Injectable } from '@nestjs/common';
import type { DestinationHealth } from '#contracts';
import { quietly } from '#logging';
import { Every } from '../core/every.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { Destination } from './destination-types.js';
import { forgetGone } from './forget-gone.js';
import { Homecoming } from './homecoming.js';
import { Replicator } from './replicator.js';

/** One replicator a destination, and one way home: none waits for another, and no backup waits for any. */
@Injectable()
export class Replicators {
  #all: readonly Replicator[] = [];
  #home: Homecoming | null = null;
  /** Those that end what they were at, for their destination is another one now, or none. */
  readonly #retiring = new Map<Replicator | Homecoming, Promise<void>>();
  readonly #forget: Every;

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {
    const once = quietly(parts.clock);
    this.#forget = new Every(parts.config.lease.reaperMs, () =>
      forgetGone(parts).catch((error: unknown) =>
        once('forget', () => parts.log.failure('alerts not looked at', error, 'catalog')),
      ),
    );
  }

  get health(): readonly DestinationHealth[] {
    return this.#all.map(({ health }) => health);
  }

  start(): void {
    this.change(this.parts.destinations);
    this.#forget.start();
  }

  /** Takes the destinations of now. What is being copied to one that is gone or changed is copied to its end. */
  change(destinations: readonly Destination[]): void {
    const before = this.#all;
    this.#all = destinations.map(
      (destination) => before.find((one) => one.destination === destination) ?? new Replicator(this.parts, destination),
    );
    for (const replicator of this.#all) if (!before.includes(replicator)) replicator.start();
    for (const replicator of before)
      if (!this.#all.includes(replicator)) this.#retire(replicator, replicator.destination);
    if (this.#all.length > 0 && this.#home === null) {
      this.#home = new Homecoming(this.parts);
      this.#home.start();
    } else if (this.#all.length === 0 && this.#home !== null) {
      this.#retire(this.#home);
      this.#home = null;
    }
  }

  async stop(): Promise<void> {
    const loops = [...this.#all, ...(this.#home === null ? [] : [this.#home]), ...this.#retiring.keys()];
    await Promise.all([this.#forget.stop(), ...loops.map((loop) => loop.stop())]);
  }

  #retire(loop: Replicator | Homecoming, destination?: Destination): void {
    const retired = loop.retire().then(() => {
      this.#retiring.delete(loop);
      const isKnown = this.#all.some((one) => one.destination.name === destination?.name);
      if (destination !== undefined && !isKnown) this.parts.metrics.replicaForgotten(destination.name);
    });
    this.#retiring.set(loop, retired);
  }
}
