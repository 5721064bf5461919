import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, systemRandom, throwIfAborted, type Random } from '#contracts';
import type {
  ByteRange,
  ObjectHead,
  ObjectStore,
  OpenUpload,
  PutBytesOptions,
  PutResult,
  StoreAbilities,
} from '../object-store.js';
import type { TellRepetition } from '../store-options.js';
import { DelegatingStore } from './delegating.store.js';

export interface RetryOptions {
  /** Calls in all, the first one included. */
  readonly attempts: number;
  /** First pause; doubles each time, with jitter. */
  readonly pauseMs: number;
  readonly random?: Random;
  readonly onRepeat?: TellRepetition;
}

/**
 * Repeats whole calls that failed with retry class `retry`. Not `put`: its stream has been drunk; and not listings, which may have given half already. A
 * conditional put is repeated too: its caller reads back what stands there when it is told `store/exists`.
 */
export class RetryingStore extends DelegatingStore {
  readonly #options: RetryOptions;

  constructor(inner: ObjectStore, options: RetryOptions) {
    super(inner);
    this.#options = options;
  }

  override putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    return this.#repeat('putBytes', key, () => this.inner.putBytes(key, bytes, options), options.signal);
  }

  override head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    return this.#repeat('head', key, () => this.inner.head(key, signal), signal);
  }

  override get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return this.#repeat('get', key, () => this.inner.get(key, range, signal), signal);
  }

  override getBytes(key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string }> {
    return this.#repeat('getBytes', key, () => this.inner.getBytes(key, maxBytes, signal), signal);
  }

  override delete(key: string, signal?: AbortSignal): Promise<void> {
    return this.#repeat('delete', key, () => this.inner.delete(key, signal), signal);
  }

  override hide(key: string, signal?: AbortSignal): Promise<void> {
    return this.#repeat('hide', key, () => this.inner.hide(key, signal), signal);
  }

  override abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void> {
    return this.#repeat('abortUpload', upload.key, () => this.inner.abortUpload(upload, signal), signal);
  }

  override abilities(signal?: AbortSignal): Promise<StoreAbilities> {
    return this.#repeat('abilities', undefined, () => this.inner.abilities(signal), signal);
  }

  async #repeat<T>(
    operation: string,
    key: string | undefined,
    call: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        const again = error instanceof AppError && error.retry === 'retry' && attempt < this.#options.attempts;
        if (!again) throw error;
        throwIfAborted(signal, 'store');
        await delay(this.#pause(attempt), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
        throwIfAborted(signal, 'store');
        this.#options.onRepeat?.({ operation, key, attempt: attempt + 1, reason: error.code });
      }
    }
  }

  /** Between half of it and all of it: many clients must not come back at the same instant. */
  #pause(attempt: number): number {
    const jitter = (this.#options.random ?? systemRandom).bytes(1).readUInt8() / 255;
    return this.#options.pauseMs * 2 ** (attempt - 1) * (0.5 + jitter / 2);
  }
}
