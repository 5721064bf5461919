import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { KeysConfig, ReloadOutcome } from '#config';
import { findMissingKeys, noMissingKeys, type MissingKeys } from './core/check-keys.js';
import { Every } from './core/every.js';
import { keysHint, settleKeysAlert } from './core/keys-alert.js';
import { closeParts, openParts } from './core/open-parts.js';
import { restoreMetrics } from './core/restore-metrics.js';
import { syncAtStart } from './catalog-sync/sync-at-start.js';
import { waitFor } from './core/wait-for.js';
import { within } from './core/within.js';
import type { WorkerCore, WorkerParts } from './core/worker-core.js';
import { followLogLevel, logLevelMs } from './logging/follow-log-level.js';
import { nestOptions } from './logging/nest-log.js';
import { RedisPulse } from './probes/redis-pulse.js';
import type { WorkView } from './probes/worker-state.js';
import { QueueWorkers } from './processors/queue-workers.js';
import { Examiner } from './publishing/examiner.js';
import { Publisher } from './publishing/publisher.js';
import type { NextDestinations } from './replicas/destination-types.js';
import { discard } from './replicas/live-destinations.js';
import { Replicators } from './replicas/replicators.js';
import { UpkeepLoop } from './upkeep/upkeep-loop.js';
import { WorkModule } from './work.module.js';

const keyCheckMs = 3_600_000;
/** Parts of the grace time: for handing back what does not finish, and of that for closing what was opened. */
const mostHandBackMs = 15_000;
const mostClosingMs = 3_000;

/** The work from the moment in which everything was reached, to its orderly end. */
export class Work {
  readonly #pulse: RedisPulse;
  readonly #keyCheck: Every;
  readonly #logLevel: Every;
  readonly #workers: QueueWorkers;
  readonly #ending = new AbortController();
  #syncAtStart: Promise<void> = Promise.resolve();
  #missingKeys: MissingKeys = noMissingKeys;
  #keysAlert: Promise<void> = Promise.resolve();

  private constructor(
    private readonly parts: WorkerParts,
    private readonly context: INestApplicationContext,
  ) {
    this.#workers = context.get(QueueWorkers);
    this.#pulse = new RedisPulse(parts.clock, () => this.#workers.roundTrip());
    this.#keyCheck = new Every(keyCheckMs, () => this.#checkKeys());
    this.#logLevel = new Every(logLevelMs, followLogLevel(parts));
  }

  /** Waits for what is not there yet; throws what waiting does not mend. */
  static async begin(core: WorkerCore, signal: AbortSignal): Promise<Work> {
    const parts = await openParts(core, signal);
    try {
      // The catalogue was reached a moment ago, and may be away again.
      await waitFor('the catalogue', () => restoreMetrics(parts), core, signal);
      const context = await NestFactory.createApplicationContext(WorkModule.of(parts), nestOptions(core.log.pino));
      const work = new Work(parts, context);
      work.#start();
      return work;
    } catch (error) {
      await closeParts(parts);
      throw error;
    }
  }

  view(): WorkView {
    const publisher = this.context.get(Publisher);
    return {
      catalog: this.parts.catalog,
      queue: this.parts.queue,
      sinceRoundTripMs: () => this.#pulse.sinceMs(),
      store: () => publisher.store,
      missingKeys: () => this.#missingKeys,
    };
  }

  /** Targets, restore targets, destinations and keys as they are configured now. Throws with everything as it was. */
  async reload(): Promise<ReloadOutcome> {
    const { parts } = this;
    const { places, reload } = parts;
    let next: NextDestinations | undefined;
    const outcome = await reload.run(
      async ({ destinations, keys }) => {
        next = await places.prepare(destinations);
        try {
          await this.reloadKeys(keys);
        } catch (error) {
          await discard(next.opened);
          throw error;
        }
      },
      () => {
        if (next === undefined) return;
        places.take(next);
        this.context.get(Replicators).change(places.current);
      },
    );
    // What they show is of now. That it fails is told, and mended by the next reload or start.
    await restoreMetrics(parts).catch((error: unknown) => parts.log.failure('metrics not renewed', error, 'catalog'));
    return outcome;
  }

  /**
   * Ends within the grace time, whatever is away: takes no further job, lets what runs finish, and hands back what does not. What could not be closed in
   * its share of the rest is left to the end of the process: a claim that nobody beats for is taken over.
   */
  async end(graceMs: number): Promise<void> {
    const { log, clock } = this.parts;
    const workers = this.#workers;
    const deadline = clock.monotonicMs() + graceMs;
    const left = () => Math.max(0, deadline - clock.monotonicMs());
    const handBackMs = Math.min(mostHandBackMs, graceMs / 2);
    const closingMs = Math.min(mostClosingMs, graceMs / 6);
    await workers.pause();
    if (!(await idleWithin(workers, left() - handBackMs))) {
      log.info('handing back what runs', { running: workers.running });
      workers.abort();
      if (!(await idleWithin(workers, left() - closingMs)))
        log.error('runs did not end in time', { running: workers.running });
    }
    this.#pulse.stop();
    this.#ending.abort();
    const closingEnds = clock.monotonicMs() + Math.min(left(), mostClosingMs);
    const loops = [
      ...[this.#keyCheck, this.#logLevel, this.context.get(UpkeepLoop)],
      ...[this.context.get(Publisher), this.context.get(Replicators)],
    ];
    const steps = [
      {
        what: 'loops',
        close: () => Promise.all([...loops.map((loop) => loop.stop()), this.#syncAtStart, this.#keysAlert]),
      },
      { what: 'queue', close: () => workers.close() },
      { what: 'context', close: () => this.context.close() },
      { what: 'connections', close: () => closeParts(this.parts) },
    ];
    for (const [at, { what, close }] of steps.entries()) {
      const shareMs = Math.max(0, closingEnds - clock.monotonicMs()) / (steps.length - at);
      if (!(await within(shareMs, close()))) log.warn('not closed in time', { what });
    }
    workers.disconnect();
  }

  /** Takes other keys; a run that is under way ends with those that it began with. Throws when one cannot be used: then nothing has changed. */
  async reloadKeys(given: KeysConfig): Promise<void> {
    const { keys, log } = this.parts;
    const change = await keys.adopt(given, (warning) => log.warn('key', { warning }));
    log.info('keys read again', { ...change, keyIds: keys.keyIds });
    this.context.get(Examiner).keysChanged();
    await this.#checkKeys();
  }

  #start(): void {
    this.context.get(Publisher).start();
    this.context.get(UpkeepLoop).start();
    this.context.get(Replicators).start();
    this.#workers.start();
    this.#pulse.start();
    this.#keyCheck.start();
    this.#logLevel.start();
    this.#syncAtStart = syncAtStart(this.parts, this.#ending.signal);
  }

  /** Every kept backup must be one that our keys open. */
  async #checkKeys(): Promise<void> {
    const { catalog, openingKeyIds: ours, ring, metrics, log } = this.parts;
    try {
      // Who holds public keys alone opens nothing, and is meant to.
      this.#missingKeys = ring.canOpen ? await findMissingKeys(catalog, ours) : noMissingKeys;
    } catch (error) {
      log.failure('keys not checked', error, 'keys');
      return;
    }
    const { keyIds, backups, newest } = this.#missingKeys;
    metrics.keysMissing(keyIds.length);
    if (backups > 0) log.error('keys missing', { keyIds, backups, newest, hint: keysHint });
    if (ring.canOpen) this.#keysAlert = this.#keysAlert.then(() => this.#settleKeysAlert());
  }

  /** Beside the work: it may have to wait for what other workers say. */
  async #settleKeysAlert(): Promise<void> {
    const { signal } = this.#ending;
    await settleKeysAlert(this.parts, signal).catch((error: unknown) => {
      if (!signal.aborted) this.parts.log.failure('alert of missing keys not settled', error, 'keys');
    });
  }
}

async function idleWithin(workers: QueueWorkers, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (workers.running > 0) {
    if (performance.now() >= until) return false;
    await pause(20);
  }
  return true;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
