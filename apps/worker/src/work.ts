import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { findMissingKeys, noMissingKeys, type MissingKeys } from './core/check-keys.js';
import { Every } from './core/every.js';
import { closeParts, openParts } from './core/open-parts.js';
import { restoreMetrics } from './core/restore-metrics.js';
import type { WorkerCore, WorkerParts } from './core/worker-core.js';
import { nestOptions } from './logging/nest-log.js';
import { RedisPulse } from './probes/redis-pulse.js';
import type { WorkView } from './probes/worker-state.js';
import { QueueWorkers } from './processors/queue-workers.js';
import { Publisher } from './publishing/publisher.js';
import { UpkeepLoop } from './upkeep/upkeep-loop.js';
import { WorkModule } from './work.module.js';

const keyCheckMs = 3_600_000;
/** Every step of the end has at least this time, also when there is none left. */
const closeMs = 1_000;

/** The work from the moment in which everything was reached, to its orderly end. */
export class Work {
  readonly #pulse: RedisPulse;
  readonly #keyCheck: Every;
  readonly #workers: QueueWorkers;
  #missingKeys: MissingKeys = noMissingKeys;

  private constructor(
    private readonly parts: WorkerParts,
    private readonly context: INestApplicationContext,
  ) {
    this.#workers = context.get(QueueWorkers);
    this.#pulse = new RedisPulse(parts.clock, () => this.#workers.roundTrip());
    this.#keyCheck = new Every(keyCheckMs, () => this.#checkKeys());
  }

  /** Waits for what is not there yet; throws what waiting does not mend. */
  static async begin(core: WorkerCore, signal: AbortSignal): Promise<Work> {
    const parts = await openParts(core, signal);
    try {
      await restoreMetrics(parts);
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

  /**
   * Ends within the grace time: takes no further job, lets what runs finish, and hands back what does not while the reserve of the time is left for it.
   */
  async end(graceMs: number): Promise<void> {
    const { log, clock } = this.parts;
    const workers = this.#workers;
    const reserveMs = Math.min(15_000, graceMs / 3);
    const deadline = clock.monotonicMs() + graceMs;
    const left = () => Math.max(0, deadline - clock.monotonicMs());
    await workers.pause();
    if (!(await idleWithin(workers, left() - reserveMs))) {
      log.info('handing back what runs', { running: workers.running });
      workers.abort();
      if (!(await idleWithin(workers, left()))) log.error('runs did not end in time', { running: workers.running });
    }
    this.#pulse.stop();
    const loops = [this.#keyCheck, this.context.get(UpkeepLoop), this.context.get(Publisher)];
    const stopped = Promise.all(loops.map((loop) => loop.stop())).then(() => undefined);
    // What they wait for may be away: a catalogue that is down must not hold the process beyond its time.
    if (!(await within(Math.max(left() - closeMs, closeMs), stopped))) log.warn('loops did not end in time');
    // Forced at the end of the time, or BullMQ would wait for a Redis that is away.
    if (!(await within(Math.max(left(), closeMs), workers.close(false)))) await workers.close(true);
    await within(Math.max(left(), closeMs), this.context.close());
    await within(Math.max(left(), closeMs), closeParts(this.parts));
  }

  #start(): void {
    this.context.get(Publisher).start();
    this.context.get(UpkeepLoop).start();
    this.#workers.start();
    this.#pulse.start();
    this.#keyCheck.start();
  }

  /** Every kept backup must be one that our keys open. */
  async #checkKeys(): Promise<void> {
    const { catalog, keyIds: ours, metrics, log } = this.parts;
    try {
      this.#missingKeys = await findMissingKeys(catalog, ours);
    } catch (error) {
      log.failure('keys not checked', error, 'keys');
      return;
    }
    const { keyIds, backups, newest } = this.#missingKeys;
    metrics.keysMissing(keyIds.length);
    if (keyIds.length === 0) return;
    const hint = 'Add them to BACKUP_ENCRYPTION_KEYS_RETIRED: without them these backups cannot be restored';
    log.error('keys missing', { keyIds, backups, newest, hint });
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

/** Whether it was done in time. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const isDone = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return isDone;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
