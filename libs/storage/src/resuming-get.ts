import { setTimeout as delay } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { AppError, throwIfAborted } from '#contracts';
import type { ObjectStore } from './object-store.js';

export interface ResumingGetOptions {
  /** Where to stop: the size of the object, known from elsewhere (`backup.json`, HEAD), or the end of a part. */
  readonly bytes: number;
  readonly start?: number;
  /** The version to read, in every piece: `store/precondition-failed` when the object was replaced. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
  /** What to throw instead of `store/no-object`, by who knows what the object was. */
  readonly gone?: () => AppError;
  /** Tries without a byte of progress before the error is passed on. */
  readonly attempts?: number;
  /** First pause between tries; doubles each time. */
  readonly pauseMs?: number;
}

/** Reads an object (or a part of it) to its end; a dropped or stalled connection is taken up again by range, where it broke off. */
export function resumingGet(store: ObjectStore, key: string, options: ResumingGetOptions): Readable {
  return Readable.from(read(store, key, options), { objectMode: false, highWaterMark: 1024 * 1024 });
}

async function* read(store: ObjectStore, key: string, options: ResumingGetOptions): AsyncGenerator<Buffer> {
  const { bytes, start = 0, ifMatch, signal, attempts = 5, pauseMs = 200 } = options;
  const pinned = ifMatch === undefined ? {} : { ifMatch };
  let at = start;
  let failures = 0;
  while (at < bytes) {
    try {
      for await (const chunk of await store.get(key, { start: at, end: bytes, ...pinned }, signal)) {
        at += (chunk as Buffer).length;
        failures = 0;
        yield chunk as Buffer;
      }
      if (at < bytes)
        throw new AppError({
          code: 'store/unreachable',
          stage: 'store',
          retry: 'retry',
          message: `${key} broke off at byte ${at} of ${bytes}`,
          hint: 'The store, or a proxy before it, ended the reply: it is read on from there; when that goes on look at time limits on the way, and run hazina storage check',
        });
    } catch (error) {
      throwIfAborted(signal, 'store');
      if (options.gone && error instanceof AppError && error.code === 'store/no-object') throw options.gone();
      failures += 1;
      if (!(error instanceof AppError) || error.retry !== 'retry' || failures >= attempts) throw error;
      await delay(pauseMs * 2 ** (failures - 1), undefined, signal === undefined ? {} : { signal }).catch(
        () => undefined,
      );
      throwIfAborted(signal, 'store');
    }
  }
}
