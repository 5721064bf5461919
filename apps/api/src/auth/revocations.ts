import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '#catalog';
import { AppError, longestTokenSeconds, type Clock } from '#contracts';
import { CATALOG, CLOCK } from '../core/tokens.js';

/** So long a revoked token may still pass in another process than the one that was told. */
const freshMs = 2_000;
/** What is so old is asked for anew beside the requests, so that one waits only where the catalogue is slow or few ask. */
const renewMs = 1_000;
/** A request does not wait longer to know. */
const patienceMs = 1_000;
/** A token may come from a clock that is ahead by so much. */
const skewMs = 60_000;

export interface Revocation {
  readonly tokenId: string;
  readonly by: string;
  readonly reason: string | null;
  /** The token's own end, where it is known. */
  readonly expiresAt: Date | null;
}

/** Which tokens are no longer taken though they were not out of date: kept in the catalogue, known to every process within seconds. */
@Injectable()
export class Revocations {
  #known: ReadonlySet<string> = new Set();
  #knownAt = -Infinity;
  #failedAt = -Infinity;
  #trouble: AppError | undefined;
  #asking: Promise<void> | undefined;

  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether a token is revoked. When that cannot be found out: by what was known before, or, `strict`, throws `catalog/…`. */
  async isRevoked(tokenId: string, strict: boolean): Promise<boolean> {
    // What was revoked once stays so.
    if (this.#known.has(tokenId)) return true;
    const trouble = await this.#refresh();
    if (trouble !== null && strict) throw trouble;
    return this.#known.has(tokenId);
  }

  /** Until when it is kept in mind. */
  async revoke({ tokenId, by, reason, expiresAt }: Revocation): Promise<Date> {
    const revokedAt = this.clock.now();
    const end = expiresAt ?? new Date(revokedAt.getTime() + longestTokenSeconds * 1000 + skewMs);
    await this.catalog.revocations.revoke({ tokenId, revokedAt, revokedBy: by, reason, expiresAt: end });
    this.#known = new Set([...this.#known, tokenId]);
    return end;
  }

  /** Null: what is known is fresh. */
  async #refresh(): Promise<AppError | null> {
    const now = this.clock.monotonicMs();
    const age = now - this.#knownAt;
    if (age < renewMs) return null;
    const hasFailed = now - this.#failedAt < freshMs && this.#trouble !== undefined;
    if (age < freshMs) {
      // What comes of it is told to who has to wait for it.
      if (!hasFailed) this.#asked().catch(() => undefined);
      return null;
    }
    if (hasFailed) return this.#trouble ?? null;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      // An answer that came while this process was busy is still to be read.
      timer = setTimeout(() => setImmediate(() => reject(noAnswer())), patienceMs);
    });
    try {
      await Promise.race([this.#asked(), late]);
      return null;
    } catch (error) {
      this.#failedAt = this.clock.monotonicMs();
      this.#trouble = AppError.from(error, 'catalog');
      return this.#trouble;
    } finally {
      clearTimeout(timer);
    }
  }

  /** One question at a time, whoever waits for it. */
  #asked(): Promise<void> {
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)));
  }

  async #ask(): Promise<void> {
    const asked = this.clock.monotonicMs();
    const before = this.#known;
    const all = await this.catalog.revocations.all(this.clock.now());
    // What was revoked here meanwhile is not in the answer yet.
    this.#known = new Set([...all, ...[...this.#known].filter((tokenId) => !before.has(tokenId))]);
    this.#knownAt = asked;
  }
}

function noAnswer(): AppError {
  return new AppError({
    code: 'catalog/unavailable',
    stage: 'request',
    message: 'Whether the token was revoked cannot be found out: the catalogue does not answer',
    hint: 'Try again soon; GET /health/ready tells when MongoDB (CATALOG_MONGODB_URI) answers again',
    retry: 'retry',
  });
}
