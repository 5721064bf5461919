import type { Clock } from '#contracts';
import type { Identity } from '../auth/identity.js';
import { networkOf } from '../http/throttle.middleware.js';
import type { ActivityCounts } from './activity-counts.js';
import type { Finding } from './finding.js';
import { RecentPairs } from './recent-pairs.js';
import { workloadOf } from './workload-of.js';

/** A new place is told of at most once a day for one holder. */
const placeStateSeconds = 86_400;
const retryMs = 5_000;
/** Sightings that wait for an answer. Beyond, one is looked at when it comes again. */
const mostWaiting = 1_000;

/** Looks once; false: nobody answered. */
type Look = () => Promise<boolean>;

export interface NewPlacesOptions {
  readonly counts: ActivityCounts;
  readonly clock: Clock;
  /** Throws when it cannot be told now. */
  readonly tell: (finding: Finding) => Promise<void>;
  /** Runs it beside everything else. */
  readonly aside: (work: () => Promise<void>) => void;
}

/**
 * Whether tokens and keys are used from where they were not before. Each holder in each place is looked at once a day by a process. A place is learned when it was told, not
 * before: what cannot be found out or told now (Redis or the catalogue are away) waits and is looked at again, in the order in which it was seen.
 */
export class NewPlaces {
  readonly #options: NewPlacesOptions;
  readonly #pairs: RecentPairs;
  readonly #waiting = new Map<string, Look>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: NewPlacesOptions) {
    this.#options = options;
    this.#pairs = new RecentPairs(() => options.clock.monotonicMs());
  }

  seenToken(identity: Identity, address: string): void {
    const { subject, tokenId, role } = identity;
    const place = networkOf(address);
    this.#look(JSON.stringify(['token', subject, tokenId, place]), async () => {
      const { counts, clock, tell } = this.#options;
      const left = (identity.expiresAt.getTime() - clock.now().getTime()) / 1000;
      const [token, known] = [`token/${tokenId}`, `subject/${subject}`];
      const [ofToken, ofSubject] = await Promise.all([counts.placeOf(token, place), counts.placeOf(known, place)]);
      if (ofToken === null || ofSubject === null) return false;
      if (ofSubject === 'new')
        await tell({
          state: `new-place/${subject}`,
          seconds: placeStateSeconds,
          message: `${ofToken === 'new' ? 'One' : 'A'} token of ${subject} (${role ?? 'no role'}) is used from ${place}, where it was not used before`,
          hint: `Ask ${subject}. If it was somebody else: revoke the token (POST /api/admin/tokens/revoke), and look for what it did in the audit log`,
          actor: subject,
          address,
        });
      // Tokens may be many: what is known of one ends with it.
      const learned = [
        counts.learn(known, place),
        left <= 0 ? Promise.resolve(true) : counts.learn(token, place, left),
      ];
      return (await Promise.all(learned)).every(Boolean);
    });
  }

  seenKey(keyId: string, host: string): void {
    const place = workloadOf(host);
    this.#look(JSON.stringify(['key', keyId, host]), async () => {
      const { counts, tell } = this.#options;
      const found = await counts.placeOf(`key/${keyId}`, place);
      if (found === null) return false;
      if (found === 'new')
        await tell({
          state: `new-host/${keyId}`,
          seconds: placeStateSeconds,
          message: `The key ${keyId} is used by a worker on ${host}, where it was not used before`,
          hint: 'A new machine of yours? If not, somebody has the key and the catalogue: look for that worker, and rotate both',
          actor: 'system',
          address: null,
        });
      return counts.learn(`key/${keyId}`, place);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #look(pair: string, look: Look): void {
    if (this.#pairs.isNew(pair)) this.#options.aside(() => this.#attempt(pair, look));
  }

  async #attempt(pair: string, look: Look): Promise<void> {
    try {
      if (await look()) this.#waiting.delete(pair);
      else this.#wait(pair, look);
    } catch (error) {
      this.#wait(pair, look);
      throw error;
    }
  }

  #wait(pair: string, look: Look): void {
    if (this.#closed) return;
    if (this.#waiting.has(pair) || this.#waiting.size < mostWaiting) this.#waiting.set(pair, look);
    else this.#pairs.forget(pair);
    this.#timer ??= setTimeout(() => this.#options.aside(() => this.#again()), retryMs).unref();
  }

  async #again(): Promise<void> {
    this.#timer = undefined;
    for (const [pair, look] of [...this.#waiting]) {
      await this.#attempt(pair, look);
      // What did not answer this one will not answer the next.
      if (this.#waiting.has(pair)) break;
    }
  }
}
