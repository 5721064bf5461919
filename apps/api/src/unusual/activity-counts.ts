import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Clock, Secret } from '#contracts';
import { guardHandshake } from '#queue';

export interface ActivityCountsOptions {
  readonly redisUrl: Secret;
  readonly prefix: string;
  readonly windowSeconds: number;
  readonly clock: Clock;
}

const commandMs = 1_000;
/** Never reached: what is counted is judged by its number, and nobody is refused here. */
const countless = 1_000_000_000;
/** Places of one holder that are remembered: the newest. */
const mostPlaces = 50;
const placeSeconds = 90 * 86_400;

/**
 * What is counted over time, for all replicas together. While Redis is down each process counts for itself, whether a place is new nobody can tell, and no state is
 * said to be over. Everything in it ends by itself, and names are kept as digests only.
 */
export class ActivityCounts {
  readonly #redis: Redis;
  readonly #limiter: RateLimiterAbstract;

  constructor(private readonly options: ActivityCountsOptions) {
    this.#redis = new Redis(options.redisUrl.reveal(), {
      connectionName: 'hazina-api-activity',
      lazyConnect: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: commandMs,
      commandTimeout: commandMs,
      retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
    });
    guardHandshake(this.#redis, commandMs);
    // The limits beside it tell of Redis; here it only makes counts smaller.
    this.#redis.on('error', () => undefined);
    const limits = { points: countless, duration: options.windowSeconds };
    this.#limiter = new RateLimiterRedis({
      ...limits,
      keyPrefix: `${options.prefix}:unusual:count`,
      storeClient: this.#redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(limits),
    });
  }

  /** How often it happened within the window, this time included. */
  async count(what: string): Promise<number> {
    return (await this.#limiter.consume(digestOf(what))).consumedPoints;
  }

  /** `first`: the holder was seen nowhere so far; `new`: elsewhere, and never here. Null: Redis does not answer. */
  async placeOf(holder: string, place: string): Promise<'first' | 'known' | 'new' | null> {
    const key = this.#key('places', holder);
    try {
      const replies = await this.#redis.multi().zcard(key).zscore(key, digestOf(place)).exec();
      const [known, here] = replies ?? [];
      if (!known || !here || known[0] !== null || here[0] !== null) return null;
      if (here[1] !== null) return 'known';
      return known[1] === 0 ? 'first' : 'new';
    } catch {
      return null;
    }
  }

  /** A place is remembered for 90 days after the holder was seen there last; all of them as long as the holder lasts. False: Redis does not answer. */
  async learn(holder: string, place: string, lastsSeconds = placeSeconds): Promise<boolean> {
    const key = this.#key('places', holder);
    const now = this.options.clock.now().getTime();
    const lasts = Math.max(1, Math.ceil(Math.min(lastsSeconds, placeSeconds)));
    try {
      const replies = await this.#redis
        .multi()
        .zadd(key, now, digestOf(place))
        .zremrangebyscore(key, '-inf', now - placeSeconds * 1000)
        .zremrangebyrank(key, 0, -mostPlaces - 1)
        .expire(key, lasts)
        .exec();
      return replies?.every(([error]) => error === null) ?? false;
    } catch {
      return false;
    }
  }

  /** Says that a state goes on: it is over so long after the last time. */
  async mark(state: string, seconds: number): Promise<void> {
    await this.#redis.set(this.#key('states', state), '1', 'EX', seconds).catch(() => undefined);
  }

  /** Null: Redis does not answer. */
  async isMarked(state: string): Promise<boolean | null> {
    try {
      return (await this.#redis.exists(this.#key('states', state))) === 1;
    } catch {
      return null;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  #key(kind: string, name: string): string {
    return `${this.options.prefix}:unusual:${kind}:${digestOf(name)}`;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
