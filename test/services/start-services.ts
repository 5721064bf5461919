import { allOf } from './all-of.js';
import { openCache, sweepTemporary, type Cache, type Environment } from './cache.js';
import { environmentOf, withoutLeftovers } from './environment.js';
import { withLock } from './file-lock.js';
import {
  endInstance,
  killInstance,
  ownInstance,
  sharedInstance,
  stateFileOf,
  sweepInstances,
  type Instance,
} from './instance.js';
import { endServices, keepHealthy } from './keep-healthy.js';
import { onInterrupt } from './interrupt.js';
import { logToStderr, secondsSince, type Log } from './log.js';
import { startMongodb } from './mongodb.js';
import { startRedis } from './redis.js';
import { startS3 } from './s3.js';
import { createBucket } from './s3-client.js';
import { ServiceError } from './service-error.js';
import {
  emptyState,
  readState,
  writeState,
  type Found,
  type PostgresState,
  type S3Connection,
  type ServiceName,
  type ServicesState,
} from './service-state.js';
import { uniqueBucket } from './unique-names.js';

export interface StartOptions {
  readonly which: readonly ServiceName[];
  /** Default: lines on standard error. */
  readonly log?: Log;
  /** Default: the environment of this process. */
  readonly env?: Environment;
}

/**
 * Connection data of what was asked for; reading the data of a service that was not asked for throws.
 * stop() ends what this call started, and nothing that was there before.
 */
export interface RunningServices {
  readonly mongodbUri: string;
  readonly redisUrl: string;
  readonly s3: S3Connection;
  /** The PostgreSQL below FerretDB; undefined when MongoDB is anything else. */
  readonly postgres: PostgresState | undefined;
  /** TEST_* variables, and those of the product, for these services. */
  readonly env: Record<string, string>;
  readonly found: Partial<Record<ServiceName, Found>>;
  /** Makes a bucket, by default with a unique name, and returns the name. */
  createBucket(name?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a set that lives as long as this process: data and ports of its own, ended by stop(), at exit and by Ctrl-C. */
export async function startServices(options: StartOptions): Promise<RunningServices> {
  const { which, log = logToStderr } = options;
  const { cache, env } = await prepare(options.env ?? process.env, log);
  const instance = ownInstance(cache);
  const interrupt = onInterrupt(
    () => endInstance(instance),
    () => killInstance(instance),
    log,
  );
  const stop = async () => {
    await endInstance(instance);
    interrupt.remove();
  };
  try {
    const state = await startMissing(cache, instance, emptyState, which, env, log);
    return describe(state, instance, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts the one set that outlives its starter (`npm run services -- start`); what already runs and answers is kept. */
export async function startSharedServices(options: StartOptions): Promise<RunningServices> {
  const { which, log = logToStderr } = options;
  const { cache, env } = await prepare(options.env ?? process.env, log);
  return withLock(cache, 'shared-set', log, async () => {
    const instance = sharedInstance(cache);
    const before = readState(stateFileOf(instance)) ?? emptyState;
    const kept = await keepHealthy(instance, before, log);
    const missing = which.filter((name) => kept[name] === undefined);
    const interrupt = onInterrupt(
      () => endServices(instance, missing),
      () => undefined,
      log,
    );
    try {
      const own = withoutOwnValues(env, before);
      const state = await startMissing(cache, instance, kept, missing, own, log);
      return describe(state, instance, async () => {
        await endInstance(instance);
      });
    } finally {
      interrupt.remove();
    }
  });
}

async function prepare(given: Environment, log: Log): Promise<{ cache: Cache; env: Environment }> {
  const env = withoutLeftovers(given, log);
  const cache = openCache(env);
  sweepTemporary(cache);
  const ended = await sweepInstances(cache);
  if (ended.length > 0) log(`ended ${ended.length} processes of a test run that did not stop them itself`);
  return { cache, env };
}

/** Starts the named services side by side. If one fails, those of this call are ended again and every failure is told. */
async function startMissing(
  cache: Cache,
  instance: Instance,
  kept: ServicesState,
  names: readonly ServiceName[],
  env: Environment,
  log: Log,
): Promise<ServicesState> {
  const started = Date.now();
  let state = kept;
  try {
    await allOf(
      names.map(async (name) => {
        // The state is read after the wait: others add theirs meanwhile.
        const added = await startOne(name, cache, instance, env, log);
        state = { ...state, ...added };
        writeState(stateFileOf(instance), state);
      }),
    );
  } catch (error) {
    await endServices(instance, names);
    writeState(stateFileOf(instance), kept);
    throw error;
  }
  if (names.length > 0) log(`${names.join(', ')} ready in ${secondsSince(started)}`);
  return state;
}

async function startOne(
  name: ServiceName,
  cache: Cache,
  instance: Instance,
  env: Environment,
  log: Log,
): Promise<Partial<ServicesState>> {
  switch (name) {
    case 'mongodb':
      return { mongodb: await startMongodb(cache, instance, env, log) };
    case 'redis':
      return { redis: await startRedis(cache, instance, env, log) };
    case 's3':
      return { s3: await startS3(cache, instance, env, log) };
  }
}

/** A shell that took over the variables of this very set does not mean them as a wish for another server. */
function withoutOwnValues(env: Environment, before: ServicesState): Environment {
  const own = environmentOf(before, '');
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !(name.startsWith('TEST_') && own[name] === value)),
  );
}

function describe(state: ServicesState, instance: Instance, stop: () => Promise<void>): RunningServices {
  const { mongodb, redis, s3 } = state;
  const found = Object.entries({ mongodb, redis, s3 }).flatMap(([name, service]) =>
    service === undefined ? [] : [[name, { how: service.how, version: service.version }]],
  );
  return {
    get mongodbUri() {
      return askedFor(mongodb, 'mongodb').uri;
    },
    get redisUrl() {
      return askedFor(redis, 'redis').url;
    },
    get s3() {
      const { endpoint, accessKeyId, secretAccessKey, region } = askedFor(s3, 's3');
      return { endpoint, accessKeyId, secretAccessKey, region };
    },
    postgres: mongodb?.server.kind === 'ferretdb' ? mongodb.server.postgres : undefined,
    env: environmentOf(state, stateFileOf(instance)),
    found: Object.fromEntries(found) as RunningServices['found'],
    async createBucket(name = uniqueBucket()) {
      await createBucket(askedFor(s3, 's3'), name);
      return name;
    },
    stop,
  };
}

function askedFor<T>(service: T | undefined, name: ServiceName): T {
  if (service !== undefined) return service;
  throw new ServiceError(`The service ${name} was not started: it is not in the list given to startServices`);
}
