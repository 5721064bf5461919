import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, cancelled, randomSuffix, systemRandom, throwIfAborted } from '#contracts';
import type { PutResult } from '../object-store.js';
import { endUpload } from './end-upload.js';
import { PartCollector } from './part-collector.js';
import { md5, withLock, type Placement } from './placement.js';
import { translateS3Error } from './translate-error.js';

// An uploader of our own: the SDK's `Upload` sizes parts for 48 GiB when the length is unknown, holds far more memory than its parts, forgets to abort
// while a part is stalled, and completes a source that merely ended early (facts of S3, 3.2, and reliability, 3.1).

const mostParts = 10_000;
/** How long parts under way may take to be answered when their source failed. */
const settleMs = 5_000;
/** Metadata by which a write knows its own object again: a condition refuses its repetition as it refuses a stranger. */
const markName = 'hazina-write';

export interface UploadOptions {
  readonly bucket: string;
  /** The full key. */
  readonly key: string;
  readonly partSize: number;
  readonly concurrency: number;
  readonly ifNoneMatch: boolean;
  /** Each part carries a checksum, which must be announced when the upload begins. */
  readonly checksums: boolean;
  readonly placement: Placement;
  readonly signal: AbortSignal | undefined;
  readonly location: string;
}

/** Sends a stream of unknown length: one request when it fits into one part, else parts, several at once. Whatever fails, nothing is left open. */
export async function uploadStream(client: S3Client, body: Readable, options: UploadOptions): Promise<PutResult> {
  const upload = new MultipartUpload(client, options);
  try {
    return await upload.run(body);
  } catch (error) {
    body.destroy();
    throw await upload.abort(error);
  }
}

class MultipartUpload {
  readonly #client: S3Client;
  readonly #options: UploadOptions;
  readonly #collector: PartCollector;
  readonly #parts: CompletedPart[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  /** Ends the other parts when one failed. */
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #mark = randomSuffix(systemRandom, 16);
  #uploadId: string | undefined;
  #failure: AppError | undefined;
  #bytes = 0;
  #number = 0;

  constructor(client: S3Client, options: UploadOptions) {
    this.#client = client;
    this.#options = options;
    this.#collector = new PartCollector(options.partSize);
    this.#signal =
      options.signal === undefined ? this.#stop.signal : AbortSignal.any([options.signal, this.#stop.signal]);
  }

  async run(body: Readable): Promise<PutResult> {
    // A part that failed ends its source by its own error: whoever feeds the source must not take it for a cancel.
    const onAbort = (): void => void body.destroy(this.#failure ?? cancelled(this.#signal, 'store'));
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      throwIfAborted(this.#options.signal, 'store');
      for await (const chunk of body) await this.#take(chunk as Buffer);
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
    }
    throwIfAborted(this.#options.signal, 'store');
    if (this.#uploadId === undefined) return this.#putWhole();
    await this.#send(this.#collector.cut());
    await this.#settle(0);
    return this.#complete();
  }

  async #take(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      // Only now that more follows is a full part known not to be the whole object.
      if (this.#collector.isFull) await this.#send(this.#collector.cut());
      const taken = this.#collector.take(chunk, at);
      at += taken;
      this.#bytes += taken;
    }
  }

  async #putWhole(): Promise<PutResult> {
    const { bucket, key, ifNoneMatch, placement, checksums, location } = this.#options;
    const body = this.#collector.cut();
    try {
      const input = {
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: body.length,
        Metadata: { [markName]: this.#mark },
        ...withLock(placement, body, checksums),
        ...(ifNoneMatch ? { IfNoneMatch: '*' } : {}),
      };
      const { ETag = '' } = await this.#client.send(new PutObjectCommand(input), { abortSignal: this.#signal });
      return { bytes: body.length, etag: ETag };
    } catch (error) {
      const done = await this.#writtenAllTheSame();
      if (done !== null) return done;
      throw translateS3Error(error, `writing ${key}`, location);
    }
  }

  /** Starts sending a part; waits while too many are under way. */
  async #send(part: Buffer): Promise<void> {
    if (part.length === 0) return;
    const { bucket, key, checksums, concurrency, placement, location, partSize } = this.#options;
    if (this.#uploadId === undefined) {
      try {
        const created = await this.#client.send(
          new CreateMultipartUploadCommand({
            Bucket: bucket,
            Key: key,
            Metadata: { [markName]: this.#mark },
            ...placement,
            ...checksumAlgorithm(checksums),
          }),
          { abortSignal: this.#signal },
        );
        this.#uploadId = created.UploadId;
      } catch (error) {
        throw translateS3Error(error, `beginning the upload of ${key}`, location);
      }
    }
    this.#number += 1;
    if (this.#number > mostParts) throw tooManyParts(key, partSize);
    const sending: Promise<void> = this.#sendPart(part, this.#number).finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
    await this.#settle(concurrency - 1);
  }

  async #sendPart(part: Buffer, number: number): Promise<void> {
    const { bucket, key, checksums, location, placement } = this.#options;
    try {
      const input = {
        Bucket: bucket,
        Key: key,
        UploadId: this.#uploadId,
        PartNumber: number,
        Body: part,
        ContentLength: part.length,
        ...(placement.ObjectLockMode === undefined || checksums ? {} : { ContentMD5: md5(part) }),
      };
      const sent = await this.#client.send(new UploadPartCommand(input), { abortSignal: this.#signal });
      this.#parts.push({ PartNumber: number, ETag: sent.ETag, ...checksumsOf(sent) });
      this.#collector.release(part);
    } catch (error) {
      this.#failure ??= translateS3Error(error, `writing part ${number} of ${key}`, location);
      this.#stop.abort();
    }
  }

  /** Waits until at most `most` parts are under way. */
  async #settle(most: number): Promise<void> {
    while (this.#inFlight.size > most && this.#failure === undefined) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #complete(): Promise<PutResult> {
    const { bucket, key, ifNoneMatch, location } = this.#options;
    const parts = this.#parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    if (parts.length !== this.#number) throw new Error(`${parts.length} of ${this.#number} parts of ${key} were sent`);
    try {
      const input = {
        Bucket: bucket,
        Key: key,
        UploadId: this.#uploadId,
        MultipartUpload: { Parts: parts },
        ...(ifNoneMatch ? { IfNoneMatch: '*' } : {}),
      };
      const { ETag = '' } = await this.#client.send(new CompleteMultipartUploadCommand(input), {
        abortSignal: this.#signal,
      });
      return { bytes: this.#bytes, etag: ETag };
    } catch (error) {
      const done = await this.#writtenAllTheSame();
      if (done !== null) return done;
      throw translateS3Error(error, `completing the upload of ${key}`, location);
    }
  }

  /** A write whose reply was lost, or that was repeated and then refused or unknown, is decided by what stands there, never by assumption. */
  async #writtenAllTheSame(): Promise<PutResult | null> {
    if (this.#options.signal?.aborted === true) return null;
    const { bucket, key } = this.#options;
    try {
      const { ContentLength, ETag, Metadata } = await this.#client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key }),
      );
      if (ContentLength !== this.#bytes || Metadata?.[markName] !== this.#mark) return null;
      return { bytes: this.#bytes, etag: ETag ?? '' };
    } catch {
      return null;
    }
  }

  /** Ends what was begun, and waits for it. Returns the error to throw: the cause, with what could not be ended. */
  async abort(cause: unknown): Promise<unknown> {
    // Before the other parts are ended, for they fail too.
    const first = this.#failure ?? cause;
    const sent = Promise.allSettled(this.#inFlight);
    // Where only the source failed, the store is well: parts that it has answered cannot come in after the abort.
    if (this.#failure === undefined)
      await Promise.race([sent, delay(settleMs, undefined, { signal: this.#signal })]).catch(() => undefined);
    this.#stop.abort();
    await sent;
    const error = this.#options.signal?.aborted === true ? cancelled(this.#options.signal, 'store') : first;
    const { bucket, key, location } = this.#options;
    if (this.#uploadId === undefined) return error;
    const partsWereCut = this.#parts.length < this.#number;
    const problem = await endUpload(this.#client, { bucket, key, uploadId: this.#uploadId }, partsWereCut);
    if (problem === null) return error;
    return withOpenUpload(error, translateS3Error(problem, `aborting the upload of ${key}`, location), this.#uploadId);
  }
}

function withOpenUpload(error: unknown, problem: AppError, uploadId: string): AppError {
  const cause = AppError.from(error, 'store');
  return new AppError({
    code: cause.code,
    stage: cause.stage,
    retry: cause.retry,
    message: `${cause.message}. The upload could not be aborted either (${problem.message}): it takes room until it is`,
    hint: `${cause.hint ?? ''} A lifecycle rule that aborts unfinished uploads after a day cleans up after such faults`.trim(),
    cause,
    details: { ...cause.details, openUploadId: uploadId },
  });
}

function checksumAlgorithm(checksums: boolean): { ChecksumAlgorithm?: 'CRC32' } {
  return checksums ? { ChecksumAlgorithm: 'CRC32' } : {};
}

function checksumsOf(part: CompletedPart): CompletedPart {
  const { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = part;
  return { ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 };
}

function tooManyParts(key: string, partSize: number): AppError {
  return new AppError({
    code: 'store/full',
    stage: 'store',
    message: `${key} takes more than ${mostParts} parts of ${partSize} bytes`,
    hint: 'The data has outgrown its estimate: set S3_PART_SIZE to a larger number of bytes',
  });
}
