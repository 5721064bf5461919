import type { Clock } from '#contracts';
import type { LeaseView } from './contract/claims.js';

export interface LeaseObserverOptions {
  /** How long fence and beat must stand still before an owner counts as lost. */
  readonly leaseMs: number;
  /** How often this observer looks. */
  readonly intervalMs: number;
  readonly clock: Clock;
}

interface Sighting {
  readonly fence: number;
  readonly beat: number;
  /** When this pair was seen first, on this process's monotonic clock. */
  readonly since: number;
}

/**
 * Decides which leases stood still for the lease time on *this* process's monotonic clock: no wall clock decides, and no other process's. After a gap
 * of over two intervals between its looks (this process slept, or could not look) it starts anew: what it saw before says nothing of the time between.
 */
export class LeaseObserver {
  readonly #options: LeaseObserverOptions;
  #sightings = new Map<string, Sighting>();
  #lastLook: number | undefined;

  constructor(options: LeaseObserverOptions) {
    this.#options = options;
  }

  /**
   * What a successful look found; gives those that stood still too long. `began`: the monotonic time before the look was begun, for a pair was seen
   * at some moment between then and now.
   */
  observe(views: readonly LeaseView[], began = this.#options.clock.monotonicMs()): readonly LeaseView[] {
    const { leaseMs, intervalMs, clock } = this.#options;
    const now = clock.monotonicMs();
    const slept = this.#lastLook === undefined || began - this.#lastLook > 2 * intervalMs;
    const before = slept ? new Map<string, Sighting>() : this.#sightings;
    const after = new Map<string, Sighting>();
    const lost: LeaseView[] = [];
    for (const view of views) {
      const { kind, id, fence, beat } = view;
      const key = `${kind}/${id}`;
      const seen = before.get(key);
      const same = seen?.fence === fence && seen.beat === beat;
      after.set(key, same ? seen : { fence, beat, since: now });
      if (same && began - seen.since >= leaseMs) lost.push(view);
    }
    this.#sightings = after;
    this.#lastLook = now;
    return lost;
  }
}
