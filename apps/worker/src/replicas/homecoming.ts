import { AppError, primaryStore } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import { inTime, primaryPlace } from './backup-place.js';
import { bringHome } from './bring-home.js';
import { copiesAt, CopyLoops } from './copy-loops.js';
import { settleReplicaAlerts } from './replica-alert.js';

/**
 * Keeps the primary store in line with the destinations: what was backed up to one of them while it was away, and what it has lost, is brought home when it is
 * there. The other way round of a Replicator, with the same claims; where there are no destinations there is nothing to do.
 */
export class Homecoming {
  readonly #loops: CopyLoops;

  constructor(private readonly parts: WorkerParts) {
    this.#loops = new CopyLoops(parts, {
      ...{ what: 'primary store', fields: {}, copies: 'what is copied to the primary store' },
      look: () => this.#look(),
      work: () => this.#bring(),
    });
  }

  start(): void {
    this.#loops.start();
  }

  retire(): Promise<void> {
    return this.#loops.retire();
  }

  stop(): Promise<void> {
    return this.#loops.stop();
  }

  async #look(): Promise<void> {
    const { parts } = this;
    const { signalOfNow: signal } = this.#loops;
    const trouble = await inTime(primaryPlace(parts), parts.tuning.probeTimeoutMs, signal).then(
      () => null,
      (error: unknown) => AppError.from(error, 'store'),
    );
    if (signal.aborted) return;
    await settleReplicaAlerts(parts, { name: primaryStore, trouble, ...(await copiesAt(parts, primaryStore)) });
  }

  async #bring(): Promise<void> {
    const { parts } = this;
    const { catalog, clock, owner, tuning } = parts;
    const { signal } = this.#loops;
    await catalog.copies.planHome();
    await inTime(primaryPlace(parts), tuning.probeTimeoutMs, signal);
    while (this.#loops.takesMore) {
      const copy = await catalog.copies.claimNext(primaryStore, owner, clock.now());
      if (copy === null || !(await bringHome(parts, copy, signal))) return;
    }
  }
}
