import { Inject, Injectable } from '@nestjs/common';
import { Every } from '../core/every.js';
import { refreshLastRuns } from '../core/restore-metrics.js';
import { AbandonedDrills } from '../drills/abandoned-drills.js';
import { LeftScratch } from '../restores/left-scratch.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { quietly } from '#logging';
import { logUpkeep } from './log-upkeep.js';

/** Looks for lost runs and lost follow-ups every reaper time, one look after the other. A look that fails is told, and made again. */
@Injectable()
export class UpkeepLoop {
  readonly #loop: Every;
  readonly #once;
  /** Each by itself: a scratch target that does not answer must not hold up the looks for lost runs. */
  readonly #scratch: readonly Every[];

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {
    this.#once = quietly(parts.clock);
    const abandoned = new AbandonedDrills(parts);
    const left = new LeftScratch(parts);
    const every = (what: string, look: () => Promise<unknown>): Every =>
      new Every(parts.config.lease.reaperMs, () => this.#step(what, look));
    this.#scratch = [
      every('abandoned drills', () => abandoned.look()),
      every('left scratch databases', () => left.look()),
    ];
    this.#loop = new Every(parts.config.lease.reaperMs, () => this.#look());
  }

  start(): void {
    this.#loop.start();
    for (const loop of this.#scratch) loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#loop, ...this.#scratch].map((loop) => loop.stop()));
  }

  async #look(): Promise<void> {
    const { upkeep, queue, metrics, log } = this.parts;
    await this.#step('reaper', async () => {
      const report = await upkeep.reaper.look();
      for (const { id, status } of report.expired) {
        metrics.leaseExpired();
        log.warn('lease expired', { id, status });
      }
      logUpkeep(log, report);
    });
    await this.#step('reconciler', async () => logUpkeep(log, await upkeep.reconciler.look()));
    await this.#step('last runs', () => refreshLastRuns(this.parts));
    await this.#step('queue counts', async () => metrics.queueJobs(await queue.counts()));
  }

  async #step(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#once(what, () => this.parts.log.failure('upkeep failed', error, 'catalog', { what }));
    }
  }
}
