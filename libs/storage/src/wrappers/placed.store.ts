import type { Readable } from 'node:stream';
import type { ObjectPlace, ObjectStore, PutBytesOptions, PutOptions, PutResult } from '../object-store.js';
import { DelegatingStore } from './delegating.store.js';

/** A store of backups in which those of some targets lie otherwise: their keys begin with the name of the target. */
export class PlacedStore extends DelegatingStore {
  constructor(
    inner: ObjectStore,
    private readonly placeOf: (target: string) => ObjectPlace | undefined,
  ) {
    super(inner);
  }

  override put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    return this.inner.put(key, body, { ...options, ...this.#placeOf(key) });
  }

  override putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    return this.inner.putBytes(key, bytes, { ...options, ...this.#placeOf(key) });
  }

  #placeOf(key: string): { readonly place?: ObjectPlace } {
    const place = this.placeOf(key.split('/')[0] ?? '');
    return place === undefined ? {} : { place };
  }
}
