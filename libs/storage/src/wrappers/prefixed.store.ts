import type { Readable } from 'node:stream';
import { checkKey, checkPrefix } from '../key-rules.js';
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
} from '../object-store.js';
import { DelegatingStore } from './delegating.store.js';

/** A part of a store as a store of its own: every key below `prefix` (one slash at its end, or empty). */
export class PrefixedStore extends DelegatingStore {
  constructor(
    inner: ObjectStore,
    private readonly prefix: string,
  ) {
    super(inner);
    checkPrefix(prefix);
  }

  override get location(): string {
    return `${this.inner.location}/${this.prefix}`.replace(/\/$/, '');
  }

  override async put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    return this.inner.put(this.#full(key), body, options);
  }

  override async putBytes(key: string, bytes: Uint8Array, options?: PutBytesOptions): Promise<PutResult> {
    return this.inner.putBytes(this.#full(key), bytes, options);
  }

  override async head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    return this.inner.head(this.#full(key), signal);
  }

  override async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    return this.inner.get(this.#full(key), range, signal);
  }

  override async getBytes(
    key: string,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<{ bytes: Buffer; etag: string }> {
    return this.inner.getBytes(this.#full(key), maxBytes, signal);
  }

  override async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectEntry> {
    for await (const entry of this.inner.list(`${this.prefix}${prefix}`, signal))
      yield { ...entry, key: this.#own(entry.key) };
  }

  override listFolders(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    return this.inner.listFolders(`${this.prefix}${prefix}`, signal);
  }

  override async delete(key: string, signal?: AbortSignal): Promise<void> {
    return this.inner.delete(this.#full(key), signal);
  }

  override async hide(key: string, signal?: AbortSignal): Promise<void> {
    return this.inner.hide(this.#full(key), signal);
  }

  override async *listHidden(prefix: string, signal?: AbortSignal): AsyncGenerator<HiddenObject> {
    for await (const hidden of this.inner.listHidden(`${this.prefix}${prefix}`, signal))
      yield { ...hidden, key: this.#own(hidden.key) };
  }

  override async *listUploads(prefix: string, signal?: AbortSignal): AsyncGenerator<OpenUpload> {
    for await (const upload of this.inner.listUploads(`${this.prefix}${prefix}`, signal))
      yield { ...upload, key: this.#own(upload.key) };
  }

  override async abortUpload(upload: OpenUpload, signal?: AbortSignal): Promise<void> {
    return this.inner.abortUpload({ ...upload, key: this.#full(upload.key) }, signal);
  }

  override async presignGet(key: string, options: PresignOptions): Promise<{ url: string; expiresAt: Date } | null> {
    return this.inner.presignGet(this.#full(key), options);
  }

  #full(key: string): string {
    checkKey(key);
    return `${this.prefix}${key}`;
  }

  #own(key: string): string {
    return key.slice(this.prefix.length);
  }
}
