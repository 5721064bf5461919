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

/** How the store looks from here. */
@Injectable()
export class StoreLook {
  readonly #remembered = new Remembered(rememberMs, () => this.#look());

  constructor(@Inject(STORE) private readonly store: ObjectStore) {}

  state(): Promise<StoreState> {
    return this.#remembered.get();
  }

  async #look(): Promise<StoreState> {
    const { location } = this.store;
    try {
      const storeId = await readStoreId(this.store, AbortSignal.timeout(limitMs));
      const detail =
        storeId === null ? 'no hazina.json: nothing was backed up there yet, or another place is meant' : null;
      return { location, state: 'ok', detail, storeId };
    } catch (thrown) {
      const { code, message } = AppError.from(thrown, 'store');
      const detail = code === 'run/cancelled' ? `no answer within ${limitMs / 1000} s` : `${code}: ${message}`;
      return { location, state: 'degraded', detail, storeId: null };
    }
  }
}
