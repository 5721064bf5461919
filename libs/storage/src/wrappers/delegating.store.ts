import type { Readable } from 'node:stream';
import type {
  ByteRange,
  HiddenObject,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  OpenUpload,
  PresignOptions,
  PutBytesOptions,
  PutOptions,
  PutResult,
  StoreAbilities,
  StoreProtection,
} from '../object-store.js';

/** Passes every call on; a wrapper overrides what it changes. */
export class DelegatingStore implements ObjectStore {
  constructor(protected readonly inner: ObjectStore) {}

  get location(): string {
    return this.inner.location;
  }

  put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    return this.inner.put(key, body, options);
  }

  putBytes(key: string, bytes: Uint8Array, options?: PutBytesOptions): Promise<PutResult> {
    return this.inner.putBytes(key, bytes, options);
  }

  head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    return this.inner.head(key, signal);
  }

  get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return this.inner.get(key, range, signal);
  }

  getBytes(key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string }> {
    return this.inner.getBytes(key, maxBytes, signal);
  }

  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectEntry> {
    return this.inner.list(prefix, signal);
  }

  listFolders(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    return this.inner.listFolders(prefix, signal);
  }

  delete(key: string, signal?: AbortSignal): Promise<void> {
    return this.inner.delete(key, signal);
  }

  hide(key: string, signal?: AbortSignal): Promise<void> {
    return this.inner.hide(key, signal);
  }

  listHidden(prefix: string, signal?: AbortSignal): AsyncIterable<HiddenObject> {
    return this.inner.listHidden(prefix, signal);
  }

  listUploads(prefix: string, signal?: AbortSignal): AsyncIterable<OpenUpload> {
    return this.inner.listUploads(prefix, signal);
  }

  abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void> {
    return this.inner.abortUpload(upload, signal);
  }

  presignGet(key: string, options: PresignOptions): Promise<{ url: string; expiresAt: Date } | null> {
    return this.inner.presignGet(key, options);
  }

  serverTime(signal?: AbortSignal): Promise<Date | null> {
    return this.inner.serverTime(signal);
  }

  abilities(signal?: AbortSignal): Promise<StoreAbilities> {
    return this.inner.abilities(signal);
  }

  protection(signal?: AbortSignal): Promise<StoreProtection | null> {
    return this.inner.protection(signal);
  }

  freeBytes(signal?: AbortSignal): Promise<number | null> {
    return this.inner.freeBytes(signal);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
