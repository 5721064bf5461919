import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Reload, type KeysConfig, type WorkerConfig } from '#config';
import { AppError, systemClock, systemRandom, type Clock, type Random } from '#contracts';
import { createMetrics } from '#metrics';
import { defaultTuning, type Tuning } from './core/tuning.js';
import { within } from './core/within.js';
import { newOwner, type WorkerCore } from './core/worker-core.js';
import { nestOptions } from './logging/nest-log.js';
import type { WorkerLog } from './logging/worker-log.js';
import { WorkerState } from './probes/worker-state.js';
import { WorkerModule } from './worker.module.js';
import { Work } from './work.js';

export interface WorkerOptions {
  readonly config: WorkerConfig;
  readonly version: string;
  readonly log: WorkerLog;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly tuning?: Partial<Tuning>;
  /** Reads the configuration again; without it there is nothing else to read. */
  readonly load?: () => Promise<WorkerConfig>;
}

/** How long the end of the port may take. */
const portMs = 1_000;

/** One worker: its port is open at once, its work begins when everything was reached. */
export class HazinaWorker {
  readonly #core: WorkerCore;
  readonly #starting = new AbortController();
  #app: NestExpressApplication | undefined;
  #work: Work | undefined;
  #begun: Promise<void> | undefined;

  constructor({ config, version, log, clock = systemClock, random = systemRandom, tuning, load }: WorkerOptions) {
    const metrics = createMetrics({ app: 'worker', version });
    const reload = new Reload(config, load ?? (() => Promise.resolve(config)));
    this.#core = {
      ...{ config: reload.config, version, log, clock, random, metrics, owner: newOwner(random) },
      ...{ startedAt: clock.now(), reload, tuning: { ...defaultTuning, ...tuning } },
    };
  }

  get owner(): string {
    return this.#core.owner;
  }

  /** Opens the port; the number that it got. */
  async listen(): Promise<number> {
    const { config, log } = this.#core;
    const app = await NestFactory.create<NestExpressApplication>(WorkerModule.of(this.#core), nestOptions(log.pino));
    this.#app = app;
    app.disable('x-powered-by');
    await app.listen(config.port, config.host);
    const { port } = app.getHttpServer().address() as AddressInfo;
    log.info('listening', { port, host: config.host });
    return port;
  }

  /** Resolves when the work has begun; throws what waiting does not mend. */
  begin(): Promise<void> {
    this.#begun ??= this.#begin();
    return this.#begun;
  }

  /**
   * Takes the keys of a configuration that was read again (`loadWorkerConfig(…).keys`), without a restart: runs under way end with the keys that they began
   * with. Waits for the start to be over; does nothing in a worker that could not begin. Throws `keys/refused` and the like: then the keys stay as they were.
   */
  async reloadKeys(keys: KeysConfig): Promise<void> {
    await this.#begun?.catch(() => undefined);
    await this.#work?.reloadKeys(keys);
  }

  /** Reads targets, restore targets, destinations and keys again. What has errors is told and changes nothing; what runs goes on as it began. Never throws. */
  async reload(): Promise<void> {
    const { log, metrics, reload } = this.#core;
    // A start that is under way has read the keys already: new ones are taken by what it began.
    await this.#begun?.catch(() => undefined);
    try {
      const { targets, restoreTargets, destinations } = await (this.#work?.reload() ?? reload.run());
      metrics.configRead(true);
      log.info('configuration reloaded', { targets, restoreTargets, destinations });
    } catch (thrown) {
      metrics.configRead(false);
      const { code, message: reason, hint } = AppError.from(thrown, 'config');
      log.error('configuration not reloaded: the one before it stays in force', { code, reason, hint });
    }
  }

  /** Ends within the grace time. May be called at any moment. */
  async end(): Promise<void> {
    const { config, log, clock } = this.#core;
    const asked = clock.monotonicMs();
    const state = this.#app?.get(WorkerState);
    if (state !== undefined) state.phase = 'stopping';
    this.#starting.abort(ending());
    // What it ends with is told to whoever called begin().
    const begun = this.#begun?.catch(() => undefined);
    if (begun !== undefined) await within(config.shutdownGraceMs, begun);
    await this.#work?.end(Math.max(0, config.shutdownGraceMs - (clock.monotonicMs() - asked)));
    // Requests that somebody began and never ends hold the port open.
    if (this.#app !== undefined) await within(portMs, this.#app.close());
    log.info('ended');
  }

  async #begin(): Promise<void> {
    const { log, owner, config } = this.#core;
    const work = await Work.begin(this.#core, this.#starting.signal);
    this.#work = work;
    const state = this.#app?.get(WorkerState);
    if (state !== undefined) {
      state.work = work.view();
      if (state.phase === 'starting') state.phase = 'working';
    }
    log.info('working', { owner, targets: config.targets.map(({ name }) => name), concurrency: config.concurrency });
  }
}

function ending(): AppError {
  return new AppError({
    code: 'worker-shutdown',
    stage: 'config',
    message: 'The worker is ending',
    hint: 'Nothing to do: it was told to end before it had begun',
  });
}
