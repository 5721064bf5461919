import type { RedisOptions, WorkerOptions } from 'bullmq';
import type { QueueName, Secret } from '#contracts';
import { parseRedisUrl } from './redis-options.js';

export interface WorkerConnectionOptions {
  readonly redisUrl: Secret;
  /** Shown by CLIENT LIST. */
  readonly connectionName: string;
}

/**
 * How workers reach Redis: they wait for it as long as it takes. Options and not a connection: each BullMQ worker opens two of its own
 * and closes them with itself.
 */
export function workerConnection(options: WorkerConnectionOptions): RedisOptions {
  return {
    ...parseRedisUrl(options.redisUrl),
    connectionName: options.connectionName,
    maxRetriesPerRequest: null,
    // A cut that nobody tells of is noticed by the system's keep-alive instead of never.
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * attempt, 2_000),
  };
}

export interface WorkerSettings extends WorkerConnectionOptions {
  readonly prefix: string;
  /** Jobs at the same time. Default 1. */
  readonly concurrency?: number;
  /** Times of the lock, for tests. */
  readonly times?: Partial<Pick<WorkerOptions, 'lockDuration' | 'lockRenewTime' | 'stalledInterval' | 'drainDelay'>>;
}

/**
 * Options of a BullMQ worker: `new Worker(queue, processor, workerOptions(queue, settings))`. The lock outlives long pauses, for the
 * record's lease decides who works; a job whose worker died comes back once, and one that kills its workers ends after three starts.
 */
export function workerOptions(queue: QueueName, settings: WorkerSettings): WorkerOptions {
  return {
    connection: workerConnection({
      redisUrl: settings.redisUrl,
      connectionName: `${settings.connectionName}-${queue}`,
    }),
    prefix: settings.prefix,
    // As in queueSettings: the question for the version would end a worker for ever when it is cut off.
    skipVersionCheck: true,
    concurrency: settings.concurrency ?? 1,
    lockDuration: 120_000,
    lockRenewTime: 25_000,
    stalledInterval: 30_000,
    maxStalledCount: 1,
    maxStartedAttempts: 3,
    ...settings.times,
  };
}
