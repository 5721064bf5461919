import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { systemClock, type Clock } from '#contracts';
import { checkKey, noObject, preconditionFailed, rangeEnd, tooLarge } from '../key-rules.js';
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
import type { S3StoreOptions, TellRepetition } from '../store-options.js';
import { coldError } from './cold-object.js';
import { callS3 } from './call-s3.js';
import { getVersion } from './get-version.js';
import { listFolders, listHidden, listObjects, listUploads, type Place } from './listings.js';
import { lockHeaders, withLock, type Placement } from './placement.js';
import { readProtection } from './protection.js';
import { readBody } from './read-body.js';
import { headObject } from './head-object.js';
import { signGet } from './sign-get.js';
import { uploadStream } from './multipart-upload.js';
import { planConcurrency, planPartSize } from './part-size.js';
import { probeAbilities } from './probe-abilities.js';
import { checksumMode, createS3Client } from './s3-client.js';
import { removePlainly, removeWithVersions } from './remove-object.js';
import { readServerTime } from './server-time.js';
import { statusOf } from './translate-error.js';

/** A bucket (or a part of it) as a store. */
export function createS3Store(options: S3StoreOptions, onRepeat?: TellRepetition): Promise<ObjectStore> {
  return Promise.resolve(new S3Store(options, createS3Client(options, onRepeat)));
}

class S3Store implements ObjectStore {
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #clock: Clock;
  #abilities: Promise<StoreAbilities> | undefined;
  /** Whether the bucket keeps versions, by its newest reply to a write; undefined: it has not been written to yet. */
  #keepsVersions: boolean | undefined;

  constructor(
    private readonly options: S3StoreOptions,
    private readonly client: S3Client,
  ) {
    this.#bucket = options.bucket;
    this.#prefix = options.prefix;
    this.#clock = options.clock ?? systemClock;
  }

  get location(): string {
    const at = this.options.endpoint === undefined ? '' : ` at ${new URL(this.options.endpoint).host}`;
    return `s3://${this.#bucket}/${this.#prefix}${at}`;
  }

  put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    const { storageClass } = { ...this.options, ...options.place };
    const partSize = planPartSize(options.expectedBytes, this.options.partSize);
    return uploadStream(this.client, body, {
      bucket: this.#bucket,
      key: this.#full(key),
      partSize,
      concurrency: planConcurrency(partSize, this.options.uploadConcurrency),
      ifNoneMatch: options.ifNoneMatch === true,
      placement: {
        ...this.#encryption(),
        ...this.#lock(options),
        ...(options.bulk === true && storageClass !== undefined ? { StorageClass: storageClass } : {}),
      },
      checksums: checksumMode(this.options) === 'WHEN_SUPPORTED',
      signal: options.signal,
      location: this.location,
    });
  }

  async putBytes(key: string, bytes: Uint8Array, options: PutBytesOptions = {}): Promise<PutResult> {
    const { ifNoneMatch, ifMatch, signal } = options;
    const input: PutObjectCommandInput = {
      ...this.#at(key),
      Body: bytes,
      ContentLength: bytes.length,
      ...withLock(
        { ...this.#encryption(), ...this.#lock(options) },
        bytes,
        checksumMode(this.options) === 'WHEN_SUPPORTED',
      ),
      ...(ifNoneMatch === true ? { IfNoneMatch: '*' } : {}),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    };
    return this.#call(`writing ${key}`, signal, async (abortSignal) => {
      try {
        const { ETag = '', VersionId } = await this.client.send(new PutObjectCommand(input), abortSignal);
        this.#keepsVersions = VersionId !== undefined;
        return { bytes: bytes.length, etag: ETag };
      } catch (error) {
        if (ifMatch !== undefined && [404, 409, 412].includes(statusOf(error) ?? 0))
          throw preconditionFailed(key, this.location);
        throw error;
      }
    });
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    const at = this.#at(key);
    return this.#call(`looking at ${key}`, signal, (options) => headObject(this.client, at, options));
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const at = this.#at(key);
    if (range !== undefined && range.start === range.end) return Readable.from([], { objectMode: false });
    const head = range?.end === undefined ? await this.head(key, signal) : undefined;
    if (head === null) throw noObject(key, this.location);
    const { start, end } =
      head === undefined ? { start: range?.start ?? 0, end: range?.end ?? 0 } : rangeEnd(key, head.bytes, range);
    if (start === end) return Readable.from([], { objectMode: false });
    return this.#call(`reading ${key}`, signal, async (abortSignal) => {
      const input = { ...at, Range: `bytes=${start}-${end - 1}` };
      const body = await this.#unlessCold(at, () =>
        getVersion(this.client, input, { key, location: this.location, range }, abortSignal),
      );
      return readBody(body, {
        what: `reading ${key}`,
        bytes: end - start,
        location: this.location,
        signal,
      });
    });
  }

  async getBytes(key: string, maxBytes: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string }> {
    const at = this.#at(key);
    return this.#call(`reading ${key}`, signal, async (abortSignal) => {
      const {
        Body,
        ContentLength = 0,
        ETag = '',
      } = await this.#unlessCold(at, () => this.client.send(new GetObjectCommand(at), abortSignal));
      const body = Body as Readable;
      if (ContentLength > maxBytes) {
        body.destroy();
        throw tooLarge(key, ContentLength, maxBytes);
      }
      const chunks: Buffer[] = [];
      for await (const chunk of readBody(body, {
        what: `reading ${key}`,
        bytes: ContentLength,
        location: this.location,
        signal,
      }))
        chunks.push(chunk as Buffer);
      return { bytes: Buffer.concat(chunks), etag: ETag };
    });
  }

  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectEntry> {
    return listObjects(this.client, this.#place(), prefix, signal);
  }

  listFolders(prefix: string, signal?: AbortSignal): AsyncIterable<string> {
    return listFolders(this.client, this.#place(), prefix, signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const at = this.#at(key);
    const { location } = this;
    await this.#call(`removing ${key}`, signal, async (options) => {
      if (this.#keepsVersions === false) {
        // Known to keep none: one request is enough, unless its reply tells that it keeps them since.
        if (!(await removePlainly(this.client, at, options))) return;
        this.#keepsVersions = true;
      }
      await removeWithVersions(this.client, at, { clock: this.#clock, location }, options);
    });
  }

  async hide(key: string, signal?: AbortSignal): Promise<void> {
    const at = this.#at(key);
    await this.#call(`removing ${key}`, signal, (abortSignal) =>
      this.client.send(new DeleteObjectCommand(at), abortSignal),
    );
  }

  async *listHidden(prefix: string, signal?: AbortSignal): AsyncGenerator<HiddenObject> {
    if (this.#keepsVersions !== false)
      yield* listHidden(this.client, this.#place(), prefix, { signal, keepsVersions: this.#keepsVersions });
  }

  listUploads(prefix: string, signal?: AbortSignal): AsyncIterable<OpenUpload> {
    return listUploads(this.client, this.#place(), prefix, signal);
  }

  async abortUpload({ key, uploadId }: OpenUpload, signal?: AbortSignal): Promise<void> {
    const input = { ...this.#at(key), UploadId: uploadId };
    await this.#call(`aborting the upload of ${key}`, signal, async (abortSignal) => {
      try {
        await this.client.send(new AbortMultipartUploadCommand(input), abortSignal);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    });
  }

  async presignGet(key: string, options: PresignOptions): Promise<{ url: string; expiresAt: Date }> {
    const at = this.#at(key);
    return this.#call(`signing a URL of ${key}`, undefined, () => signGet(this.client, at, options));
  }

  async serverTime(signal?: AbortSignal): Promise<Date | null> {
    return this.#call('looking at the bucket', signal, (options) => readServerTime(this.client, this.#bucket, options));
  }

  abilities(signal?: AbortSignal): Promise<StoreAbilities> {
    this.#abilities ??= probeAbilities(this, signal).catch((error: unknown) => {
      this.#abilities = undefined;
      throw error;
    });
    return this.#abilities;
  }

  protection(signal?: AbortSignal): Promise<StoreProtection> {
    return this.#call('looking at the bucket', signal, (options) =>
      readProtection(this.client, this.#bucket, this.options.objectLock, options),
    );
  }

  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    this.client.destroy();
    return Promise.resolve();
  }

  #place(): Place {
    return { bucket: this.#bucket, prefix: this.#prefix, location: this.location };
  }

  #encryption(): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
    const { sse, sseKmsKeyId } = this.options;
    if (sse === 'none') return {};
    return { ServerSideEncryption: sse, ...(sseKmsKeyId === undefined ? {} : { SSEKMSKeyId: sseKmsKeyId }) };
  }

  #lock({ lock, place }: Pick<PutBytesOptions, 'lock' | 'place'>): Placement {
    const { objectLock = null } = { ...this.options, ...place };
    return lock === true && objectLock !== null ? lockHeaders(objectLock, this.#clock) : {};
  }

  async #unlessCold<T>(at: { Bucket: string; Key: string }, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw (await coldError(this.client, at, error, this.location)) ?? error;
    }
  }

  #full(key: string): string {
    checkKey(key);
    return `${this.#prefix}${key}`;
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#full(key) };
  }

  async #call<T>(
    what: string,
    signal: AbortSignal | undefined,
    send: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    return callS3({ what, location: this.location, signal }, send);
  }
}
