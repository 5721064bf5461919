import { openCatalog, Upkeep, type Catalog } from '#catalog';
import { AppError, type StoreIdentity } from '#contracts';
import { createChannels } from '#notify';
import { bindStore } from '#pipeline';
import { createJobQueue, type JobQueue } from '#queue';
import { createStore, PlacedStore, type ObjectStore } from '#storage';
import { quietly } from '#logging';
import { LiveDestinations } from '../replicas/live-destinations.js';
import { tellsOf } from './tell-repetitions.js';
import { waitFor } from './wait-for.js';
import { withinTime } from './within-time.js';
import { targetOf, type WorkerCore, type WorkerParts } from './worker-core.js';
import { LiveKeys, openSealingKeys } from './live-keys.js';

/**
 * Reaches everything that work needs, and waits for what is not there yet. Throws what waiting does not mend (`config/invalid`, `keys/refused`,
 * `catalog/refused`, `store/changed` …), with everything closed again.
 */
export async function openParts(core: WorkerCore, signal: AbortSignal): Promise<WorkerParts> {
  const { config, clock, log } = core;
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(part: T): T => {
    opened.push(part);
    return part;
  };
  try {
    // Before anything else is waited for: a key that cannot be used is refused at once.
    const warn = (warning: string) => log.warn('key', { warning });
    const { ring } = await waitFor('the keys', () => openSealingKeys(config.keys, warn), core, signal);
    if (!ring.opensWhatItSeals)
      log.info('write-only', {
        consequence: 'this worker cannot read what it writes: new backups are verified as stored',
      });
    const channels = createChannels({ ...config.notify, log: log.alerts(), clock });
    const catalog = keep(await waitFor('the catalogue', () => openCatalogOf(core), core, signal));
    const queue = keep(openQueue(core));
    await waitFor('Redis', () => queue.ping(2_000), core, signal);
    await warnOfEviction(queue, core);
    // By the targets of now: they may be read again.
    const bucket = await createStore(config.store, tellsOf(log));
    const store = keep(new PlacedStore(bucket, (name) => targetOf(config, name)?.placement));
    const places = keep(new LiveDestinations(log));
    places.take(await places.prepare(config.destinations));
    const identity = await waitFor(
      'the store',
      () => identityOf(store, catalog, places.current, core, signal),
      core,
      signal,
    );
    const keys = await LiveKeys.open(config.keys, identity.kdfSalt);
    const upkeep = new Upkeep({
      catalog,
      jobs: queue,
      clock,
      lease: config.lease,
      verify: config.verify,
      fleetConcurrency: config.fleetConcurrency,
      channels: channels.map(({ name }) => name),
    });
    return {
      ...{ ...core, catalog, queue, store, places, storeId: identity.storeId, keys, channels, upkeep },
      // As they are when they are asked for: destinations and keys may be read again.
      get destinations() {
        return places.current;
      },
      get ring() {
        return keys.ring;
      },
      get currentKeyIds() {
        return keys.currentKeyIds;
      },
      get keyIds() {
        return keys.keyIds;
      },
      get openingKeyIds() {
        return keys.openingKeyIds;
      },
    };
  } catch (error) {
    await Promise.allSettled(opened.map((part) => part.close()));
    throw error;
  }
}

/**
 * The identity of the primary store. Where there are destinations, one that is away and known keeps no worker from beginning: backups go to them meanwhile. Another
 * store in its place does (`store/changed`).
 */
async function identityOf(
  store: ObjectStore,
  { settings }: Catalog,
  destinations: readonly unknown[],
  { clock, random, tuning, log }: WorkerCore,
  signal: AbortSignal,
): Promise<Pick<StoreIdentity, 'storeId' | 'kdfSalt'>> {
  const bind = (limit: AbortSignal) => bindStore({ binding: settings, store, clock, random }, limit);
  const [storeId, kdfSalt] = [await settings.storeId(), await settings.kdfSalt()];
  if (destinations.length === 0 || storeId === null || kdfSalt === null) {
    const bound = await bind(signal);
    await settings.keepKdfSalt(bound.kdfSalt);
    return bound;
  }
  try {
    return await withinTime(store.location, tuning.probeTimeoutMs, signal, bind);
  } catch (thrown) {
    const error = AppError.from(thrown, 'store');
    if (signal.aborted || error.code === 'store/changed') throw error;
    log.failure('primary store away', error, 'store', { consequence: 'backups go to the destinations meanwhile' });
    return { storeId, kdfSalt };
  }
}

/** In the order in which nothing is used after it was closed. */
export async function closeParts({
  queue,
  catalog,
  store,
  places,
}: {
  queue: JobQueue;
  catalog: Catalog;
  store: ObjectStore;
  places: { close(): Promise<void> };
}): Promise<void> {
  await Promise.allSettled([queue, catalog, store, places].map((part) => part.close()));
}

function openCatalogOf({ config, clock, random }: WorkerCore): Promise<Catalog> {
  return openCatalog({ uri: config.catalogUri, clock, random, appName: 'hazina-worker' });
}

function openQueue({ config, clock, log, metrics }: WorkerCore): JobQueue {
  const once = quietly(clock);
  return createJobQueue({
    redisUrl: config.redisUrl,
    prefix: config.redisPrefix,
    clock,
    connectionName: 'hazina-worker',
    onTrouble: (error) => once(error.code, () => log.failure('queue trouble', error, 'queue')),
    onFailure: (failure) => metrics.queueFailed(failure),
  });
}

/** Readiness is red until it is mended; the worker works on, for a backup is worth more than a tidy queue. */
async function warnOfEviction(queue: JobQueue, { log }: WorkerCore): Promise<void> {
  try {
    await queue.checkNoEviction();
  } catch (error) {
    log.failure('queue at risk', AppError.from(error, 'queue'), 'queue');
  }
}
