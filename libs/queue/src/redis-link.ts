import { Redis } from 'ioredis';
import { AppError, type Clock, type Secret } from '#contracts';
import { guardHandshake } from './guard-handshake.js';
import { DeadlinePassed, failureOf, reasonOf, unavailable, type QueueFailure } from './queue-errors.js';
import { parseRedisUrl } from './redis-options.js';

export interface RedisLinkOptions {
  readonly redisUrl: Secret;
  /** Shown by CLIENT LIST. */
  readonly connectionName: string;
  /** How long a command may take, connecting included. Default 2,500. */
  readonly deadlineMs?: number;
  readonly clock: Clock;
  /** Told of each failure of the connection, also when nobody waits for a reply; never a secret. */
  readonly onTrouble?: ((error: AppError) => void) | undefined;
  /** Told of each call that failed (for metrics). */
  readonly onFailure?: ((failure: QueueFailure) => void) | undefined;
}

const defaultDeadlineMs = 2_500;

/**
 * A connection that fails fast. Nothing is kept for later: a command is refused while there is no connection, is not sent again
 * after a new one, and when its deadline passes the connection is reset, so that what has not left this machine never will.
 */
export class RedisLink {
  readonly client: Redis;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  readonly #onFailure: ((failure: QueueFailure) => void) | undefined;
  #lastReason: string | undefined;
  #closed = false;
  /** Shared by all who wait. */
  #nextAttempt: Promise<void> | undefined;

  constructor(options: RedisLinkOptions) {
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
    this.#clock = options.clock;
    this.#onFailure = options.onFailure;
    this.client = new Redis({
      ...parseRedisUrl(options.redisUrl),
      connectionName: options.connectionName,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Rejects what is under way as soon as the connection breaks; any other value leaves it pending.
      maxRetriesPerRequest: 0,
      connectTimeout: this.#deadlineMs,
      disconnectTimeout: 100,
      retryStrategy: (attempt) => Math.min(50 * attempt, 500),
    });
    guardHandshake(this.client, this.#deadlineMs);
    this.client.on('error', (error) => {
      this.#lastReason = reasonOf(error);
      options.onTrouble?.(unavailable('keep its connection', error));
    });
    this.client.on('ready', () => {
      this.#lastReason = undefined;
    });
  }

  /**
   * Runs a command within the deadline. `prepare` may wait; once it is done, `command` sends at once or not at all: after a failure
   * of this call nothing is sent any more. A command that was sent but not answered may still have been carried out.
   */
  async run<T>(
    what: string,
    command: () => Promise<T>,
    options: { readonly prepare?: () => Promise<unknown>; readonly deadlineMs?: number } = {},
  ): Promise<T> {
    const deadlineMs = options.deadlineMs ?? this.#deadlineMs;
    const deadline = startDeadline(deadlineMs);
    let sent = false;
    try {
      await deadline.race(this.#ready());
      if (options.prepare !== undefined) await deadline.race(options.prepare());
      sent = true;
      return await deadline.race(command());
    } catch (error) {
      if (error instanceof AppError) throw error;
      this.#onFailure?.(failureOf(error));
      if (error instanceof DeadlinePassed && sent) this.#reset();
      throw unavailable(what, error);
    } finally {
      deadline.stop();
    }
  }

  /** Milliseconds of a round trip. */
  async ping(timeoutMs: number): Promise<number> {
    const start = this.#clock.monotonicMs();
    await this.run('answer a ping', () => this.client.ping(), { deadlineMs: timeoutMs });
    return this.#clock.monotonicMs() - start;
  }

  close(): void {
    this.#closed = true;
    this.client.disconnect();
  }

  /** Resolves when connected; rejects when the next attempt to connect fails: then Redis is down, and waiting on helps nobody. */
  async #ready(): Promise<void> {
    if (this.#closed) throw new Error('the connection was closed by this process');
    if (this.client.status === 'ready') return;
    this.#nextAttempt ??= this.#attempt();
    await this.#nextAttempt;
  }

  async #attempt(): Promise<void> {
    const { client } = this;
    try {
      await new Promise<void>((resolve, reject) => {
        const settle = (how: () => void) => () => {
          client.off('ready', ready).off('close', failed).off('end', failed);
          how();
        };
        const ready = settle(resolve);
        const failed = settle(() => {
          reject(new Error(this.#lastReason ?? 'the connection was closed'));
        });
        client.on('ready', ready).on('close', failed).on('end', failed);
      });
    } finally {
      this.#nextAttempt = undefined;
    }
  }

  /** A new connection instead of one that does not answer. */
  #reset(): void {
    if (this.client.status !== 'ready') return;
    this.client.stream.destroy();
  }
}

interface Deadline {
  race<T>(work: Promise<T>): Promise<T>;
  stop(): void;
}

function startDeadline(milliseconds: number): Deadline {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  // It is raced only while something is waited for.
  passed.catch(() => undefined);
  return {
    race: (work) => Promise.race([work, passed]),
    stop: () => clearTimeout(timer),
  };
}
