import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { STORE } from '../core/tokens.js';
import { readStoreId } from '../downloads/stored-file.js';
import { Remembered } from './remembered.js';

export interface StoreState {
  /** For people; never a credential. */
  readonly location: string;
  /** `degraded`: backups cannot be made or read at the moment; the API itself goes on. */
  readonly state: 'ok' | 'degraded';
  readonly detail: string | null;
  readonly storeId: string | null;
}

const limitMs = 2_000;
const rememberMs = 5_000;
const noAnswer = `no answer within ${limitMs / 1000} s`;

/** How the store looks from here. */
@Injectable()
export class StoreLook {
  #asked: Promise<string | null> | undefined;
  readonly #remembered = new Remembered(rememberMs, () => this.#look());

  constructor(@Inject(STORE) private readonly store: ObjectStore) {}

  state(): Promise<StoreState> {
    return this.#remembered.get();
  }

  async #look(): Promise<StoreState> {
    const { location } = this.store;
    // Calls of a file system that hangs cannot be ended, and each holds a thread of the process: there is never a second one.
    this.#asked ??= readStoreId(this.store, AbortSignal.timeout(limitMs)).finally(() => (this.#asked = undefined));
    try {
      const storeId = await inTime(this.#asked);
      const detail =
        storeId === null ? 'no hazina.json: nothing was backed up there yet, or another place is meant' : null;
      return { location, state: 'ok', detail, storeId };
    } catch (thrown) {
      const { code, message } = AppError.from(thrown, 'store');
      const detail = code === 'run/cancelled' ? noAnswer : `${code}: ${message}`;
      return { location, state: 'degraded', detail, storeId: null };
    }
  }
}

/** The answer, or `run/cancelled` at the limit, whether the question sees its signal or not. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new AppError({
            code: 'run/cancelled',
            stage: 'store',
            message: noAnswer,
            hint: 'Is the store reachable from here? hazina storage check tells',
          }),
        ),
      limitMs,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
