import { AppError, copyStates, type CopyState, type DestinationHealth } from '#contracts';
import { quietly } from '#logging';
import { shuttingDown } from '#catalog';
import { checkDestinationQuota } from '../cleanup/check-quota.js';
import { describeProtection } from '#storage';
import { Every } from '../core/every.js';
import type { WorkerParts } from '../core/worker-core.js';
import { checkDestination } from './check-destination.js';
import { requireDestination } from './destination.js';
import type { Destination } from './destination-types.js';
import { removeCopies } from './remove-copies.js';
import { settleReplicaAlert } from './replica-alert.js';
import { workOnCopy } from './work-on-copy.js';

/**
 * Keeps one destination in line with the primary store. A loop of its own and no jobs of a queue: a queue's places are shared, and a destination that hangs would
 * take those of the others; and copies go on while Redis is away. Any number of workers may do this at once: each copy is claimed.
 */
export class Replicator {
  readonly #work: Every;
  /** By itself: a copy that takes hours must not keep anybody from seeing that the destination is gone. */
  readonly #watch: Every;
  readonly #ending = new AbortController();
  readonly #once;
  #health: DestinationHealth;
  #checkedAtMs: number | undefined;
  #givesLock = false;
  #isRetired = false;

  constructor(
    private readonly parts: WorkerParts,
    readonly destination: Destination,
  ) {
    const { name, store } = destination;
    const { reaperMs } = parts.config.lease;
    this.#once = quietly(parts.clock);
    this.#health = { name, location: store.location, ok: null, detail: null };
    this.#watch = new Every(reaperMs, () => this.#step('watch', () => this.#look()));
    this.#work = new Every(reaperMs, () => this.#step('work', () => this.#bringInLine()));
  }

  get health(): DestinationHealth {
    return this.#health;
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
    this.#ending.abort(shuttingDown(`what is copied to ${this.destination.name}`));
    await Promise.all([this.#watch.stop(), this.#work.stop()]);
  }

  async #look(): Promise<void> {
    const { catalog, metrics } = this.parts;
    const { name, store } = this.destination;
    const trouble = await this.#trouble();
    this.#health = { name, location: store.location, ok: trouble === null, detail: trouble?.message ?? null };
    const states = Object.fromEntries(copyStates.map((state) => [state, 0])) as Record<CopyState, number>;
    let behindSince: Date | null = null;
    for (const { destination, state, count, oldest } of await catalog.copies.counts()) {
      if (destination !== name) continue;
      states[state] = count;
      const isBehind = ['pending', 'copying', 'failed', 'missing'].includes(state);
      if (isBehind && (behindSince === null || oldest < behindSince)) behindSince = oldest;
    }
    metrics.replicaKnown(name, trouble === null, states);
    await settleReplicaAlert(this.parts, { name, trouble, states, behindSince });
    await checkDestinationQuota(this.parts, this.destination);
  }

  /** Whether it answers in time and is the store that it was. */
  async #trouble(): Promise<AppError | null> {
    const { probeTimeoutMs } = this.parts.tuning;
    const limit = AbortSignal.timeout(probeTimeoutMs);
    const late = new AppError({
      ...{ code: 'store/unreachable', stage: 'store', retry: 'retry' },
      message: `${this.destination.store.location} gave no answer within ${probeTimeoutMs / 1000} s`,
      hint: 'Look at the destination and the way to it; copies go on by themselves when it answers again',
    });
    // A file system that hangs listens to no signal.
    const hung = new Promise<AppError>((resolve) => {
      limit.addEventListener('abort', () => resolve(late), { once: true });
    });
    const asked = this.#require(limit).then(
      () => null,
      (error: unknown) => (limit.aborted ? late : AppError.from(error, 'store')),
    );
    return Promise.race([asked, hung]);
  }

  /** That, and (until it is known) that it gives the lock that is asked for: else each copy would fail by itself, with words of the server. */
  async #require(signal: AbortSignal): Promise<void> {
    const { options, store } = this.destination;
    await requireDestination(this.parts, this.destination, signal);
    if (this.#givesLock || options.kind !== 's3' || options.objectLock === undefined) return;
    describeProtection(await store.protection(signal));
    this.#givesLock = true;
  }

  async #bringInLine(): Promise<void> {
    const { parts, destination } = this;
    const { catalog, clock, config, tuning, owner } = parts;
    const { name, retention } = destination;
    const { signal } = this.#ending;
    const targets = config.targets.filter(({ replicas }) => replicas.includes(name)).map((target) => target.name);
    const plan = () => catalog.copies.plan({ destination: name, targets, ownRetention: retention !== null });
    await plan();
    await requireDestination(parts, destination, signal);
    await removeCopies(parts, destination, signal);
    const atMs = clock.monotonicMs();
    if (this.#checkedAtMs === undefined || atMs - this.#checkedAtMs >= tuning.checkDestinationMs) {
      await checkDestination(parts, destination, signal);
      this.#checkedAtMs = atMs;
    }
    let plannedAtMs = atMs;
    while (!signal.aborted && !this.#isRetired) {
      const copy = await catalog.copies.claimNext(name, owner, clock.now());
      if (copy === null || !(await workOnCopy(parts, destination, copy, signal))) return;
      if (clock.monotonicMs() - plannedAtMs < config.lease.reaperMs) continue;
      await plan();
      plannedAtMs = clock.monotonicMs();
    }
  }

  async #step(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const fields = { destination: this.destination.name };
      this.#once(what, () => this.parts.log.failure(`destination: ${what} failed`, error, 'store', fields));
    }
  }
}
