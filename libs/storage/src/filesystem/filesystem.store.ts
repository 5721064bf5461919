import { createReadStream, type Dirent, type Stats } from 'node:fs';
import { lstat, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { Readable, type Readable as ReadableStream } from 'node:stream';
import { systemCode, systemRandom, throwIfAborted, type Random } from '#contracts';
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
import { freeBytesOf } from './free-bytes.js';
import { translateFileError } from './translate-error.js';
import { temporaryPattern, writeFileWhole } from './write-file.js';

/** A folder as a store: an object is a file, written under a temporary name and renamed. Folders are private (0700), files too (0600). */
export class FilesystemStore implements ObjectStore {
  constructor(
    /** Absolute. */
    private readonly root: string,
    private readonly random: Random = systemRandom,
  ) {}

  get location(): string {
    return this.root;
  }

  async put(key: string, body: ReadableStream, options: PutOptions): Promise<PutResult> {
    try {
      return await this.#write(key, body, options);
    } catch (error) {
      body.destroy();
      throw error;
    }
  }

  async putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    return this.#write(key, [bytes], options);
  }

  /** A file system compares and replaces in two steps: `ifMatch` is looked at when nothing but the renaming is left to do. */
  async #write(
    key: string,
    body: ReadableStream | readonly Uint8Array[],
    options: PutOptions & Pick<PutBytesOptions, 'ifMatch'>,
  ): Promise<PutResult> {
    const path = this.#path(key);
    const { ifMatch } = options;
    return this.#translated(`writing ${key}`, async () => {
      throwIfAborted(options.signal, 'store');
      const written = await writeFileWhole(path, body, {
        random: this.random,
        ifNoneMatch: options.ifNoneMatch === true,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(ifMatch === undefined ? {} : { mayReplace: async () => (await this.head(key))?.etag === ifMatch }),
      });
      if (written === null) throw ifMatch === undefined ? exists(key, this.root) : preconditionFailed(key, this.root);
      return { bytes: written, etag: etagOf(await lstat(path)) };
    });
  }

  async head(key: string): Promise<ObjectHead | null> {
    const path = this.#path(key);
    return this.#translated(`looking at ${key}`, async () => {
      const stats = await statOrNull(path);
      return stats === null ? null : { bytes: stats.size, etag: etagOf(stats), lastModified: stats.mtime };
    });
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ReadableStream> {
    throwIfAborted(signal, 'store');
    const head = await this.head(key);
    if (head === null) throw noObject(key, this.root);
    requireVersion(key, this.root, head.etag, range);
    const { start, end } = rangeEnd(key, head.bytes, range);
    if (start === end) return Readable.from([], { objectMode: false });
    return Readable.from(this.#read(key, start, end, signal), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  async *#read(key: string, start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    let given = 0;
    try {
      const file = createReadStream(this.#path(key), { start, end: end - 1, highWaterMark: 1024 * 1024 });
      for await (const chunk of file) {
        throwIfAborted(signal, 'store');
        given += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      throw translateFileError(error, `reading ${key}`, this.root);
    }
    if (given !== end - start)
      throw noObject(`the end of ${key} (${given} of ${end - start} bytes were there)`, this.root);
  }

  async getBytes(key: string, maxBytes: number): Promise<{ bytes: Buffer; etag: string }> {
    const head = await this.head(key);
    if (head === null) throw noObject(key, this.root);
    if (head.bytes > maxBytes) throw tooLarge(key, head.bytes, maxBytes);
    return this.#translated(`reading ${key}`, async () => ({
      bytes: await readFile(this.#path(key)),
      etag: head.etag,
    }));
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<ObjectEntry> {
    checkPrefix(prefix);
    for await (const { key, name } of this.#walk(prefix, signal)) {
      if (temporaryPattern.test(name)) continue;
      const head = await this.head(key);
      if (head !== null) yield { key, bytes: head.bytes, lastModified: head.lastModified };
    }
  }

  async *listFolders(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    checkPrefix(prefix);
    throwIfAborted(signal, 'store');
    const entries = await this.#entries(prefix);
    yield* entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    await this.#translated(`removing ${key}`, async () => {
      await rm(path, { force: true });
      await this.#removeEmptyFolders(dirname(path));
    });
  }

  hide(key: string): Promise<void> {
    return this.delete(key);
  }

  /** No versions are kept. */
  async *listHidden(): AsyncGenerator<HiddenObject> {
    yield* await Promise.resolve([]);
  }

  async *listUploads(prefix: string, signal?: AbortSignal): AsyncGenerator<OpenUpload> {
    checkPrefix(prefix);
    for await (const { key, name } of this.#walk(prefix, signal)) {
      const object = temporaryPattern.exec(name)?.[1];
      if (object === undefined) continue;
      const stats = await statOrNull(join(this.root, key));
      yield {
        key: key.slice(0, key.length - name.length) + object,
        uploadId: name,
        initiatedAt: stats?.birthtime ?? null,
      };
    }
  }

  async abortUpload({ key, uploadId }: OpenUpload): Promise<void> {
    if (!temporaryPattern.test(uploadId)) return;
    const folder = dirname(this.#path(key));
    await this.#translated(`removing ${uploadId}`, async () => {
      await rm(join(folder, uploadId), { force: true });
      await this.#removeEmptyFolders(folder);
    });
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

  async freeBytes(signal?: AbortSignal): Promise<number> {
    throwIfAborted(signal, 'store');
    return this.#translated('looking at the free space', () => freeBytesOf(this.root));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Every file below a prefix, in key order. */
  async *#walk(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<{ key: string; name: string }> {
    throwIfAborted(signal, 'store');
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    for (const entry of await this.#entries(folder)) {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory()) {
        const inner = `${key}/`;
        if (inner.startsWith(prefix)) yield* this.#walk(inner, signal);
        else if (prefix.startsWith(inner)) yield* this.#walk(prefix, signal);
      } else if (entry.isFile() && (key.startsWith(prefix) || temporaryPattern.test(entry.name)))
        yield { key, name: entry.name };
    }
  }

  /** A folder's entries, ordered as keys are: `a/b` before `a0`. */
  async #entries(folder: string): Promise<Dirent[]> {
    return this.#translated(`listing ${folder === '' ? 'the folder' : folder}`, async () => {
      try {
        const entries = await readdir(join(this.root, folder), { withFileTypes: true });
        const orderOf = (entry: Dirent) => (entry.isDirectory() ? `${entry.name}/` : entry.name);
        return entries.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return [];
        throw error;
      }
    });
  }

  async #removeEmptyFolders(from: string): Promise<void> {
    for (let folder = from; folder.startsWith(`${this.root}${sep}`); folder = dirname(folder)) {
      try {
        await rmdir(folder);
      } catch (error) {
        const code = systemCode(error) ?? '';
        if (['ENOTEMPTY', 'EEXIST'].includes(code)) return;
        if (code !== 'ENOENT') throw error;
      }
    }
  }

  #path(key: string): string {
    checkKey(key);
    return join(this.root, ...key.split('/'));
  }

  async #translated<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw translateFileError(error, what, this.root);
    }
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? stats : null;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function etagOf({ size, mtimeMs, ino }: Stats): string {
  return `"${size.toString(16)}-${Math.round(mtimeMs * 1000).toString(16)}-${ino.toString(16)}"`;
}
