import { lockAsksOfDestination } from '#config';
import { AppError, type DestinationHealth } from '#contracts';
import { describeProtection } from '#storage';
import { checkDestinationQuota } from '../cleanup/check-quota.js';
import { withinTime } from '../core/within-time.js';
import type { WorkerParts } from '../core/worker-core.js';
import { checkDestination } from './check-destination.js';
import { copiesAt, CopyLoops } from './copy-loops.js';
import { requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';
import { againMsOf } from './claimed-copy.js';
import { removeCopies } from './remove-copies.js';
import { settleReplicaAlerts } from './replica-alert.js';
import { workOnCopy } from './work-on-copy.js';

/**
 * Keeps one destination in line with the primary store. A loop of its own and no jobs of a queue: a queue's places are shared, and a destination that hangs would
 * take those of the others; and copies go on while Redis is away. Any number of workers may do this at once: each copy is claimed.
 */
export class Replicator {
  readonly #loops: CopyLoops;
  #health: DestinationHealth;
  #checkedAtMs: number | undefined;
  #givesLock = false;

  constructor(
    private readonly parts: WorkerParts,
    readonly destination: Destination,
  ) {
    const { name, store } = destination;
    this.#health = { name, location: store.location, ok: null, detail: null };
    this.#loops = new CopyLoops(parts, {
      ...{ what: 'destination', fields: { destination: name }, copies: `what is copied to ${name}` },
      look: () => this.#look(),
      work: () => this.#bringInLine(),
    });
  }

  get health(): DestinationHealth {
    return this.#health;
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
    const { name, store } = this.destination;
    const trouble = await this.#trouble();
    // Of the next one of this name, or none, it would be told.
    if (!this.#loops.takesMore) return;
    this.#health = { name, location: store.location, ok: trouble === null, detail: trouble?.message ?? null };
    const found = await copiesAt(this.parts, name);
    this.parts.metrics.replicaKnown(name, trouble === null, found.states);
    await settleReplicaAlerts(this.parts, { name, trouble, ...found });
    await checkDestinationQuota(this.parts, this.destination);
  }

  /** Whether it answers in time and is the store that it was. */
  #trouble(): Promise<AppError | null> {
    const hint = 'Look at the destination and the way to it; copies go on by themselves when it answers again';
    const { location } = this.destination.store;
    const ask = (limit: AbortSignal) => this.#require(limit);
    // Not broken off when this ends: that would say of the destination what is true of the worker.
    return withinTime(location, this.parts.tuning.probeTimeoutMs, new AbortController().signal, ask, hint).then(
      () => null,
      (error: unknown) => AppError.from(error, 'store'),
    );
  }

  /** That, and (until it is known) that it gives the lock that is asked for: else each copy would fail by itself, with words of the server. */
  async #require(signal: AbortSignal): Promise<void> {
    const { name, options, store } = this.destination;
    await requireDestination(this.parts, this.destination, signal);
    if (this.#givesLock || options.kind !== 's3' || options.objectLock === undefined) return;
    describeProtection(await store.protection(signal), lockAsksOfDestination(name, options));
    this.#givesLock = true;
  }

  async #bringInLine(): Promise<void> {
    const { parts, destination } = this;
    const { catalog, clock, config, tuning, owner } = parts;
    const { name, retention, verify } = destination;
    const { signal, signalOfNow } = this.#loops;
    const targets = config.targets.filter(({ replicas }) => replicas.includes(name)).map((target) => target.name);
    const startedAtMs = clock.monotonicMs();
    const isCheckDue = startedAtMs - (this.#checkedAtMs ?? -Infinity) >= tuning.checkDestinationMs;
    // Not with the first look: a worker with an older file would bring back what the others' rules let go.
    const renew = isCheckDue && this.#checkedAtMs !== undefined;
    const plan = () =>
      catalog.copies.plan({
        ...{ destination: name, targets, ownRetention: retention !== null, renew },
        ...(verify === null ? {} : { verify: { at: clock.now(), againMs: againMsOf(parts) } }),
      });
    await plan();
    await requireDestination(parts, destination, signal);
    await removeCopies(parts, destination, signal);
    if (isCheckDue) {
      await checkDestination(parts, destination, signalOfNow);
      this.#checkedAtMs = startedAtMs;
    }
    let plannedAtMs = startedAtMs;
    while (this.#loops.takesMore) {
      const copy = await catalog.copies.claimNext(name, owner, clock.now());
      if (copy === null || !(await workOnCopy(parts, destination, copy, signal))) return;
      if (clock.monotonicMs() - plannedAtMs < config.lease.reaperMs) continue;
      await plan();
      plannedAtMs = clock.monotonicMs();
    }
  }
}
