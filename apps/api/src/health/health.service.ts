import { Inject, Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import type { Catalog } from '#catalog';
import type { ApiConfig, Reload } from '#config';
import type { JobQueue } from '#queue';
import { CATALOG, CONFIG_RELOAD, JOB_QUEUE, STARTED } from '../core/tokens.js';
import { Remembered } from '../system/remembered.js';
import { StoreLook } from '../system/store-state.js';
import { troubleWithin } from '../system/within.js';

const limitMs = 2_000;
const rememberMs = 1_000;

/** Ready is MongoDB and Redis, with its noeviction; the store shows as degraded, for an outage of it must not take the API away. */
@Injectable()
export class HealthService {
  readonly #catalogTrouble = new Remembered(rememberMs, () => troubleWithin(limitMs, () => this.catalog.ping(limitMs)));
  readonly #queueTrouble = new Remembered(rememberMs, () =>
    troubleWithin(limitMs, async () => {
      await this.queue.ping(limitMs);
      await this.queue.checkNoEviction();
    }),
  );
  #draining = false;

  constructor(
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(StoreLook) private readonly store: StoreLook,
    @Inject(STARTED) private readonly started: () => boolean,
    @Inject(CONFIG_RELOAD) private readonly reload: Pick<Reload<ApiConfig>, 'trouble'>,
  ) {}

  /** From here on not ready, so that no new requests are sent here. */
  drain(): void {
    this.#draining = true;
  }

  ready(): Promise<HealthCheckResult> {
    return this.checks.check([
      async () => this.#upUnless('mongodb', await this.#catalogTrouble.get()),
      async () => this.#upUnless('redis', await this.#queueTrouble.get()),
      async () => {
        const { state, detail } = await this.store.state();
        return this.indicators.check('storage').up({ state, ...(detail === null ? {} : { detail }) });
      },
      () => {
        const { trouble } = this.reload;
        // The one before it is in force, so this makes nothing red.
        const indicator = this.indicators.check('configuration');
        return Promise.resolve(
          trouble === null ? indicator.up() : indicator.up({ state: 'invalid', code: trouble.code }),
        );
      },
      () => Promise.resolve(this.#upUnless('process', this.#draining ? 'it is shutting down' : null)),
    ]);
  }

  /** Configuration read (or the process would not be there), catalogue opened once, its indexes built. */
  startup(): Promise<HealthCheckResult> {
    const trouble = this.started() ? null : 'the catalogue was not opened yet';
    return this.checks.check([() => Promise.resolve(this.#upUnless('catalog', trouble))]);
  }

  live(): Promise<HealthCheckResult> {
    return this.checks.check([]);
  }

  #upUnless<K extends string>(key: K, trouble: string | null) {
    const indicator = this.indicators.check(key);
    return trouble === null ? indicator.up() : indicator.down({ message: trouble });
  }
}
