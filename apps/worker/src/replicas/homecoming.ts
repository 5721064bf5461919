import { AppError, copyStates, primaryStore, type CopyState } from '#contracts';
import { shuttingDown } from '#catalog';
import { quietly } from '#logging';
import { Every } from '../core/every.js';
import type { WorkerParts } from '../core/worker-core.js';
import { inTime, primaryPlace } from './backup-place.js';
import { bringHome } from './bring-home.js';
import { settleReplicaAlert } from './replica-alert.js';

/**
 * Keeps the primary store in line with the destinations: what was backed up to one of them while it was away, and what it has lost, is brought home when it is
 * there. The other way round of a Replicator, with the same claims; where there are no destinations there is nothing to do.
 */
export class Homecoming {
  readonly #work: Every;
  readonly #watch: Every;
  readonly #ending = new AbortController();
  readonly #once;
  #isRetired = false;

  constructor(private readonly parts: WorkerParts) {
    const { reaperMs } = parts.config.lease;
    this.#once = quietly(parts.clock);
    this.#watch = new Every(reaperMs, () => this.#step('watch', () => this.#look()));
    this.#work = new Every(reaperMs, () => this.#step('work', () => this.#bring()));
  }

  start(): void {
    this.#watch.start();
    this.#work.start();
  }

  /** Ends when what it is at is done: it takes nothing more. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await Promise.all([this.#watch.stop(), this.#work.stop()]);
  }

  async stop(): Promise<void> {
    this.#ending.abort(shuttingDown('what is copied to the primary store'));
    await Promise.all([this.#watch.stop(), this.#work.stop()]);
  }

  async #look(): Promise<void> {
    const { parts } = this;
    const trouble = await inTime(primaryPlace(parts), parts.tuning.probeTimeoutMs, this.#ending.signal).then(
      () => null,
      (error: unknown) => AppError.from(error, 'store'),
    );
    if (this.#ending.signal.aborted) return;
    const states = Object.fromEntries(copyStates.map((state) => [state, 0])) as Record<CopyState, number>;
    let behindSince: Date | null = null;
    for (const { destination, state, count, oldest } of await parts.catalog.copies.counts()) {
      if (destination !== primaryStore) continue;
      states[state] = count;
      if (behindSince === null || oldest < behindSince) behindSince = oldest;
    }
    await settleReplicaAlert(parts, { name: primaryStore, trouble, states, behindSince });
  }

  async #bring(): Promise<void> {
    const { parts } = this;
    const { catalog, clock, owner, tuning } = parts;
    const { signal } = this.#ending;
    await catalog.copies.planHome();
    await inTime(primaryPlace(parts), tuning.probeTimeoutMs, signal);
    while (!signal.aborted && !this.#isRetired) {
      const copy = await catalog.copies.claimNext(primaryStore, owner, clock.now());
      if (copy === null || !(await bringHome(parts, copy, signal))) return;
    }
  }

  async #step(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#once(what, () => this.parts.log.failure(`primary store: ${what} failed`, error, 'store'));
    }
  }
}
