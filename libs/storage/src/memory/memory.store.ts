import { Readable } from 'node:stream';
import { throwIfAborted } from '#contracts';
import {
  checkKey,
  checkPrefix,
  exists,
  noObject,
  preconditionFailed,
  rangeEnd,
  requireVersion,
  tooLarge,
} from '../key-rules.js';
import type {
  ByteRange,
  HiddenObject,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  OpenUpload,
  PutBytesOptions,
  PutOptions,
  PutResult,
  StoreAbilities,
} from '../object-store.js';

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly lastModified: Date;
}

/** A store that forgets: for tests, and for small experiments. */
export class MemoryStore implements ObjectStore {
  readonly location = 'memory';
  readonly #objects = new Map<string, Stored>();
  #versions = 0;

  async put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    checkKey(key);
    const chunks: Buffer[] = [];
    for await (const chunk of body) {
      throwIfAborted(options.signal, 'store');
      chunks.push(Buffer.from(chunk as Buffer));
    }
    throwIfAborted(options.signal, 'store');
    return this.#store(key, Buffer.concat(chunks), options.ifNoneMatch === true);
  }

  async putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    checkKey(key);
    throwIfAborted(options.signal, 'store');
    if (options.ifMatch !== undefined && this.#objects.get(key)?.etag !== options.ifMatch)
      throw preconditionFailed(key, this.location);
    return Promise.resolve(this.#store(key, Buffer.from(bytes), options.ifNoneMatch === true));
  }

  head(key: string): Promise<ObjectHead | null> {
    checkKey(key);
    const found = this.#objects.get(key);
    return Promise.resolve(
      found === undefined ? null : { bytes: found.bytes.length, etag: found.etag, lastModified: found.lastModified },
    );
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    throwIfAborted(signal, 'store');
    const { bytes, etag } = this.#find(key);
    requireVersion(key, this.location, etag, range);
    const { start, end } = rangeEnd(key, bytes.length, range);
    return Promise.resolve(Readable.from(start === end ? [] : [bytes.subarray(start, end)], { objectMode: false }));
  }

  async getBytes(key: string, maxBytes: number): Promise<{ bytes: Buffer; etag: string }> {
    const { bytes, etag } = this.#find(key);
    if (bytes.length > maxBytes) throw tooLarge(key, bytes.length, maxBytes);
    return Promise.resolve({ bytes: Buffer.from(bytes), etag });
  }

  async *list(prefix: string): AsyncGenerator<ObjectEntry> {
    checkPrefix(prefix);
    for (const key of [...this.#objects.keys()].sort()) {
      const found = this.#objects.get(key);
      if (key.startsWith(prefix) && found !== undefined)
        yield await Promise.resolve({ key, bytes: found.bytes.length, lastModified: found.lastModified });
    }
  }

  async *listFolders(prefix: string): AsyncGenerator<string> {
    const names = new Set<string>();
    for await (const { key } of this.list(prefix)) {
      const [name = '', ...rest] = key.slice(prefix.length).split('/');
      if (rest.length > 0) names.add(name);
    }
    yield* names;
  }

  delete(key: string): Promise<void> {
    checkKey(key);
    this.#objects.delete(key);
    return Promise.resolve();
  }

  hide(key: string): Promise<void> {
    return this.delete(key);
  }

  /** No versions are kept. */
  async *listHidden(): AsyncGenerator<HiddenObject> {
    yield* await Promise.resolve([]);
  }

  /** An object is written at once: there are no uploads. */
  async *listUploads(): AsyncGenerator<OpenUpload> {
    yield* await Promise.resolve([]);
  }

  abortUpload(): Promise<void> {
    return Promise.resolve();
  }

  presignGet(): Promise<null> {
    return Promise.resolve(null);
  }

  serverTime(): Promise<null> {
    return Promise.resolve(null);
  }

  abilities(): Promise<StoreAbilities> {
    return Promise.resolve({ conditionalCreate: true, conditionalReplace: true, presign: false });
  }

  protection(): Promise<null> {
    return Promise.resolve(null);
  }

  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #find(key: string): Stored {
    checkKey(key);
    const found = this.#objects.get(key);
    if (found === undefined) throw noObject(key, this.location);
    return found;
  }

  #store(key: string, bytes: Buffer, ifNoneMatch: boolean): PutResult {
    if (ifNoneMatch && this.#objects.has(key)) throw exists(key, this.location);
    this.#versions += 1;
    const etag = `"${this.#versions}"`;
    this.#objects.set(key, { bytes, etag, lastModified: new Date() });
    return { bytes: bytes.length, etag };
  }
}

export function createMemoryStore(): ObjectStore {
  return new MemoryStore();
}
