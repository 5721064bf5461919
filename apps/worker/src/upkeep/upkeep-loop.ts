import { Inject, Injectable } from '@nestjs/common';
import { Every } from '../core/every.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { quietly } from '#logging';
import { logUpkeep } from './log-upkeep.js';

/** Looks for lost runs and lost follow-ups every reaper time, one look after the other. A look that fails is told, and made again. */
@Injectable()
export class UpkeepLoop {
  readonly #loop: Every;
  readonly #once;

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {
    this.#once = quietly(parts.clock);
    this.#loop = new Every(parts.config.lease.reaperMs, () => this.#look());
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
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
    await this.#step('queue counts', async () => metrics.queueJobs(await queue.counts()));
  }

  async #step(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#once(what, () => this.parts.log.failure('upkeep failed', error, 'catalog', { what }));
    }
  }
}
