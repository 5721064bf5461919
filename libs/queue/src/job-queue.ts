import { Queue } from 'bullmq';
import {
  queueNames,
  queueOfJob,
  type AppError,
  type Clock,
  type JobName,
  type JobRequest,
  type JobSink,
  type QueueName,
  type Secret,
} from '#contracts';
import { evicts, examineLink, type RedisExam } from './examine-redis.js';
import { jobOptions } from './job-options.js';
import type { QueueFailure } from './queue-errors.js';
import { RedisLink } from './redis-link.js';

export interface JobQueueOptions {
  readonly redisUrl: Secret;
  /** First part of all keys in Redis: installations that share a Redis have different ones. */
  readonly prefix: string;
  readonly clock: Clock;
  /** How long any call may take. Default 2,500: a reply of the API is due within 3 s. */
  readonly deadlineMs?: number;
  /** Shown by CLIENT LIST, for instance `hazina-api`. */
  readonly connectionName: string;
  /** Told of each failure of the connection, also while nobody waits for a reply (for the log); never holds a secret. */
  readonly onTrouble?: (error: AppError) => void;
  /** Told of each call that failed (for metrics). */
  readonly onFailure?: (failure: QueueFailure) => void;
}

/** Of a look at the server: less than a reply of the API may take. */
const examDeadlineMs = 2_000;

export const jobStates = ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const;
export type JobState = (typeof jobStates)[number];
export type QueueCounts = Readonly<Record<QueueName, Readonly<Record<JobState, number>>>>;

/**
 * The queue for everybody who does not work on its jobs. Every call ends within its deadline with a result or `queue/unavailable`
 * (retry), and the object works again as soon as Redis does.
 *
 * An `add` that failed before it was sent is never sent later. One that was sent and not answered in time may still have been
 * carried out: the job is then there although `add` threw. Job ids make adding again harmless, and a job that finds no record ends
 * quietly, so callers treat the failure as "not queued" and take back what they made.
 */
export interface JobQueue extends JobSink {
  counts(): Promise<QueueCounts>;
  /** `maxmemory-policy` of the server; null when it does not tell. */
  evictionPolicy(): Promise<string | null>;
  /** Throws `queue/evicts` when the server may drop jobs under memory pressure. */
  checkNoEviction(): Promise<void>;
  /** What the server tells of itself, for people. */
  examine(): Promise<RedisExam>;
  /** Milliseconds of a round trip; throws `queue/unavailable` when it takes longer than `timeoutMs`. */
  ping(timeoutMs: number): Promise<number>;
  close(): Promise<void>;
}

export type Queues = Readonly<Record<QueueName, Queue>>;

export function createJobQueue(options: JobQueueOptions): JobQueue {
  const link = new RedisLink(options);
  const settings = queueSettings(link, options.prefix);
  const queues = Object.fromEntries(queueNames.map((name) => [name, new Queue(name, settings)])) as unknown as Queues;
  return new BullJobQueue(link, queues);
}

/** What every BullMQ queue on a link is made with. */
export function queueSettings(link: RedisLink, prefix: string) {
  return {
    connection: link.client,
    prefix,
    // BullMQ asks once for the version, and a queue whose question is cut off stays dead for ever; checkNoEviction tells of the policy.
    skipVersionCheck: true,
    skipMetasUpdate: true,
  };
}

export class BullJobQueue implements JobQueue {
  readonly #link: RedisLink;
  readonly #queues: Queues;

  constructor(link: RedisLink, queues: Queues) {
    this.#link = link;
    this.#queues = queues;
    // The link tells of its failures; without a listener BullMQ prints them.
    for (const queue of Object.values(queues)) queue.on('error', () => undefined);
  }

  async add<N extends JobName>(request: JobRequest<N>): Promise<void> {
    const options = jobOptions(request);
    await this.#run(queueOfJob[request.name], 'take the job', (queue) =>
      queue.add(request.name, request.payload, options),
    );
  }

  async isLive(name: JobName, jobId: string): Promise<boolean> {
    const state = await this.#run(queueOfJob[name], 'tell the state of the job', (queue) => queue.getJobState(jobId));
    return state === 'waiting' || state === 'delayed' || state === 'prioritized' || state === 'active';
  }

  async counts(): Promise<QueueCounts> {
    const counted = queueNames.map(async (name) => {
      const counts = await this.#run(name, 'count its jobs', (queue) => queue.getJobCounts(...jobStates));
      return [name, Object.fromEntries(jobStates.map((state) => [state, counts[state] ?? 0]))] as const;
    });
    return Object.fromEntries(await Promise.all(counted)) as unknown as QueueCounts;
  }

  async evictionPolicy(): Promise<string | null> {
    const info = await this.#link.run('tell its eviction policy', () => this.#link.client.info('memory'));
    return /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null;
  }

  async checkNoEviction(): Promise<void> {
    const policy = await this.evictionPolicy();
    if (policy === null || policy === 'noeviction') return;
    throw evicts(policy);
  }

  examine(): Promise<RedisExam> {
    return examineLink(this.#link, examDeadlineMs);
  }

  ping(timeoutMs: number): Promise<number> {
    return this.#link.ping(timeoutMs);
  }

  async close(): Promise<void> {
    this.#link.close();
    await Promise.allSettled(Object.values(this.#queues).map((queue) => queue.close()));
  }

  #run<T>(name: QueueName, what: string, command: (queue: Queue) => Promise<T>): Promise<T> {
    const queue = this.#queues[name];
    return this.#link.run(what, () => command(queue), { prepare: () => queue.waitUntilReady() });
  }
}
