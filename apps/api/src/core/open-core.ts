import { openCatalog, type Catalog } from '#catalog';
import { Reload, type ApiConfig } from '#config';
import { systemClock, systemRandom, type AppError, type Clock, type Random } from '#contracts';
import { quietly } from '#logging';
import { createMetrics, type Metrics } from '#metrics';
import { createChannels, type Channel } from '#notify';
import { createJobQueue, type JobQueue } from '#queue';
import { createStore, type ObjectStore } from '#storage';
import { RateLimits } from '../http/rate-limits.js';
import type { ServiceLog } from '../logging/service-log.js';
import { CatalogLink } from './catalog-link.js';

/** What the whole API stands on; made here, and by tests with parts of their own. */
export interface Core {
  readonly config: ApiConfig;
  readonly version: string;
  readonly log: ServiceLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: Catalog;
  /** Whether the catalogue was opened once. */
  readonly started: () => boolean;
  readonly queue: JobQueue;
  readonly store: ObjectStore;
  readonly metrics: Metrics;
  readonly channels: readonly Channel[];
  readonly limits: RateLimits;
  /** Reads the configuration again: targets and restore targets. */
  readonly reload: Reload<ApiConfig>;
}

// A reply is due within 3 s: whatever it waits for gives up before.
const catalogTimes = { serverSelectionTimeoutMs: 2_000, operationTimeoutMs: 2_500 };
const queueDeadlineMs = 1_500;

/** Opens nothing that must be there: what is down is connected to when it is back. Throws `config/invalid`. */
export async function openCore(
  config: ApiConfig,
  version: string,
  log: ServiceLog,
  onRefused: (error: Error) => void,
  load: () => Promise<ApiConfig> = () => Promise.resolve(config),
): Promise<Core> {
  const reload = new Reload(config, load);
  const clock = systemClock;
  const random = systemRandom;
  const once = quietly(clock);
  const trouble = (error: AppError): void => once(error.code, () => log.failure(error));
  const metrics = createMetrics({ app: 'api', version });
  const link = new CatalogLink(() =>
    openCatalog({ uri: config.catalogUri, clock, random, appName: 'hazina-api', ...catalogTimes }),
  );
  link.openInBackground((error) => {
    trouble(error);
    if (error.code === 'config/invalid') onRefused(error);
  });
  return {
    config: reload.config,
    reload,
    version,
    log,
    clock,
    random,
    catalog: link.catalog,
    started: () => link.opened,
    queue: createJobQueue({
      redisUrl: config.redisUrl,
      prefix: config.redisPrefix,
      clock,
      deadlineMs: queueDeadlineMs,
      connectionName: 'hazina-api',
      onTrouble: trouble,
      onFailure: (failure) => metrics.queueFailed(failure),
    }),
    store: await createStore(config.store),
    metrics,
    channels: createChannels({ ...config.notify, log: log.alerts(), clock }),
    limits: new RateLimits({ redisUrl: config.redisUrl, prefix: config.redisPrefix }),
  };
}

export async function closeCore(core: Core): Promise<void> {
  core.limits.close();
  await Promise.allSettled([core.queue.close(), core.catalog.close(), core.store.close()]);
}
