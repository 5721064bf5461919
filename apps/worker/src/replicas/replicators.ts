import { Inject, Injectable } from '@nestjs/common';
import type { DestinationHealth } from '#contracts';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { Replicator } from './replicator.js';

/** One replicator a destination: none waits for another, and no backup waits for any. */
@Injectable()
export class Replicators {
  readonly #all: readonly Replicator[];

  constructor(@Inject(PARTS) parts: WorkerParts) {
    this.#all = parts.destinations.map((destination) => new Replicator(parts, destination));
  }

  get health(): readonly DestinationHealth[] {
    return this.#all.map(({ health }) => health);
  }

  start(): void {
    for (const replicator of this.#all) replicator.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((replicator) => replicator.stop()));
  }
}
