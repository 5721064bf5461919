import { KeyObject } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { algorithmOfKey, AppError, messageOf, type Clock } from '#contracts';
import { fetchKeySet } from './fetch-key-set.js';

/** What tokens may be signed with; those of a shared secret are never taken for one of these keys. */
export const remoteAlgorithms = ['RS256', 'ES256'] as const;

export interface RemoteKeysOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly onTrouble: (error: AppError) => void;
  /** How old the keys may be before they are fetched again, in the background. Default ten minutes. */
  readonly freshMs?: number;
  /** Between two fetches, whatever is asked for: strangers choose the key ids of their tokens. Default 10 s. */
  readonly pauseMs?: number;
  /** How long one fetch may take. Default 1.5 s, for a reply is due within three. */
  readonly fetchMs?: number;
}

type FindKey = ReturnType<typeof createLocalJWKSet>;

/**
 * The keys that an identity provider publishes (JWKS). A token whose key is not known makes them be fetched once more, for keys rotate; while the
 * provider is away those that are known go on working, and nobody waits longer than one fetch. Nothing in a token's header but the key's id and the
 * algorithm of that key counts: no `jku`, `jwk` or `x5u`.
 */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions;
  #known: FindKey | undefined;
  #fetchedAt = 0;
  #triedAt: number | undefined;
  #fetching: Promise<void> | undefined;
  #trouble: AppError | undefined;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /** The key that a token says it was signed with; null: there is no such key. Throws `auth/keys-unavailable` when nobody can tell. */
  async find(token: string): Promise<KeyObject | null> {
    const header = headerOf(token);
    if (header === null) return null;
    if (this.#known === undefined) await this.refresh();
    else if (this.#isStale()) void this.refresh();
    const known = await this.#select(header);
    if (known !== null) return known;
    await this.refresh();
    const found = await this.#select(header);
    if (found === null && this.#trouble !== undefined) throw this.#trouble;
    return found;
  }

  /** Fetches the keys, unless that was just tried. Never throws: what failed is kept, and told. */
  refresh(): Promise<void> {
    const { clock, pauseMs = 10_000 } = this.#options;
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#triedAt !== undefined && clock.monotonicMs() - this.#triedAt < pauseMs) return Promise.resolve();
    this.#triedAt = clock.monotonicMs();
    this.#fetching = this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, clock, onTrouble, fetchMs = 1_500 } = this.#options;
    try {
      // What it is not able to read, the library refuses by an error.
      this.#known = createLocalJWKSet((await fetchKeySet(url, fetchMs)) as JSONWebKeySet);
      this.#fetchedAt = clock.monotonicMs();
      this.#trouble = undefined;
    } catch (thrown) {
      this.#trouble = unavailable(url, thrown);
      onTrouble(this.#trouble);
    }
  }

  async #select(header: JWSHeaderParameters): Promise<KeyObject | null> {
    if (this.#known === undefined) return null;
    try {
      const key = KeyObject.from(await this.#known(header));
      return algorithmOfKey(key) === header.alg ? key : null;
    } catch {
      // None fits, several do (a token without a key id), or it is none to verify with.
      return null;
    }
  }

  #isStale(): boolean {
    const { clock, freshMs = 600_000 } = this.#options;
    return clock.monotonicMs() - this.#fetchedAt >= freshMs;
  }
}

/** What a token says of its key; null when it is no token that such keys could have signed. */
function headerOf(token: string): JWSHeaderParameters | null {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (!remoteAlgorithms.some((algorithm) => algorithm === alg)) return null;
    return { alg: alg ?? '', ...(typeof kid === 'string' ? { kid } : {}) };
  } catch {
    return null;
  }
}

function unavailable(url: string, thrown: unknown): AppError {
  return new AppError({
    code: 'auth/keys-unavailable',
    stage: 'request',
    retry: 'retry',
    message: 'The keys that tokens are verified with cannot be fetched',
    hint: 'Known keys go on working; is JWT_JWKS_URI right, and does its server answer?',
    details: { url, why: messageOf(thrown) },
  });
}
