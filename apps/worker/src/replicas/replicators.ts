import { Inject, Injectable } from '@nestjs/common';
import type { DestinationHealth } from '#contracts';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { Homecoming } from './homecoming.js';
import { Replicator } from './replicator.js';

/** One replicator a destination, and one way home: none waits for another, and no backup waits for any. */
@Injectable()
export class Replicators {
  readonly #all: readonly Replicator[];
  readonly #home: Homecoming | null;

  constructor(@Inject(PARTS) parts: WorkerParts) {
    this.#all = parts.destinations.map((destination) => new Replicator(parts, destination));
    this.#home = this.#all.length === 0 ? null : new Homecoming(parts);
  }

  get health(): readonly DestinationHealth[] {
    return this.#all.map(({ health }) => health);
  }

  start(): void {
    for (const replicator of this.#all) replicator.start();
    this.#home?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all, ...(this.#home === null ? [] : [this.#home])].map((loop) => loop.stop()));
  }
}
