import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { AppError, type Secret } from '#contracts';
import { guardHandshake } from '#queue';

export interface RateLimitOptions {
  readonly redisUrl: Secret;
  readonly prefix: string;
  /** Told once when Redis stops answering; counting goes on in this process alone. */
  readonly onTrouble?: () => void;
}

const windowSeconds = 60;
/** A request waits no longer for its counter. */
const commandMs = 600;
const connectMs = 1_000;
export const requestsPerMinute = 120;
export const loginsPerMinute = 10;

/** Counters that all replicas share; per process while Redis is down (spec/api.md). */
export class RateLimits {
  readonly #redis: Redis;
  readonly #requests: RateLimiterAbstract;
  readonly #logins: RateLimiterAbstract;

  constructor(options: RateLimitOptions) {
    this.#redis = new Redis(options.redisUrl.reveal(), {
      connectionName: 'hazina-api-limits',
      // A request must not wait for a counter.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: connectMs,
      commandTimeout: commandMs,
      retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
    });
    guardHandshake(this.#redis, connectMs);
    let told = false;
    this.#redis.on('error', () => {
      if (!told) options.onTrouble?.();
      told = true;
    });
    this.#redis.on('ready', () => {
      told = false;
    });
    this.#requests = this.#limiter(`${options.prefix}:limits:requests`, requestsPerMinute);
    this.#logins = this.#limiter(`${options.prefix}:limits:logins`, loginsPerMinute);
  }

  /** Counts one request of a token or an address; throws `auth/too-many-requests`. */
  countRequest(who: string): Promise<void> {
    return this.#count(this.#requests, who);
  }

  countLogin(address: string): Promise<void> {
    return this.#count(this.#logins, address);
  }

  close(): void {
    this.#redis.disconnect();
  }

  async #count(limiter: RateLimiterAbstract, who: string): Promise<void> {
    const started = performance.now();
    try {
      await count(limiter, who);
    } finally {
      // Not answered in time: the next request is counted here at once, until a new connection is answered.
      if (this.#redis.status === 'ready' && performance.now() - started >= commandMs) this.#redis.stream.destroy();
    }
  }

  #limiter(keyPrefix: string, points: number): RateLimiterAbstract {
    const limits = { points, duration: windowSeconds };
    return new RateLimiterRedis({
      ...limits,
      keyPrefix,
      storeClient: this.#redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(limits),
    });
  }
}

async function count(limiter: RateLimiterAbstract, who: string): Promise<void> {
  try {
    await limiter.consume(who);
  } catch (thrown) {
    if (!(thrown instanceof RateLimiterRes)) throw thrown;
    const retryAfter = Math.max(1, Math.ceil(thrown.msBeforeNext / 1000));
    throw new AppError({
      code: 'auth/too-many-requests',
      stage: 'request',
      message: `The limit is ${limiter.points} in a minute`,
      hint: `Try again in ${retryAfter} s`,
      retry: 'retry',
      details: { retryAfter },
    });
  }
}
