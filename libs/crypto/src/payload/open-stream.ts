import { Transform, type TransformCallback } from 'node:stream';
import { headerBytes, payloadHeadBytes, segmentBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import { openHeader, type OpenedHeader, type OpenOptions } from '../header/open-header.js';
import { SegmentCipher } from './segment-cipher.js';

/** Opens what passes: a sealed file in, its plaintext out. No byte of a segment is given out before its tag was checked; the last one as the last. */
export class OpenStream extends Transform {
  readonly #options: OpenOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(segmentBytes);
  readonly #opened = Promise.withResolvers<OpenedHeader>();
  #filled = 0;
  #part: 'header' | 'head' | 'segments' = 'header';
  #header: OpenedHeader | undefined;
  #cipher: SegmentCipher | undefined;
  #index = 0;

  constructor(options: OpenOptions) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 2 * 1024 * 1024 });
    this.#options = options;
    this.#opened.promise.catch(() => undefined);
  }

  /** The opened header, as soon as it is; rejects when it does not open. */
  get opened(): Promise<OpenedHeader> {
    return this.#opened.promise;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#take(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#opened.reject(error ?? new Error('the stream was destroyed before its header was read'));
    done(error);
  }

  async #take(chunk: Buffer): Promise<void> {
    let taken = 0;
    while (taken < chunk.length) {
      const wanted = this.#wanted();
      // A full segment is opened only when more follows: else it is the last.
      if (this.#filled === wanted) {
        this.#openSegment(false);
        continue;
      }
      const copied = chunk.copy(
        this.#buffer,
        this.#filled,
        taken,
        Math.min(chunk.length, taken + wanted - this.#filled),
      );
      taken += copied;
      this.#filled += copied;
      if (this.#filled === wanted && this.#part !== 'segments') await this.#beginning();
    }
  }

  #wanted(): number {
    if (this.#part === 'header') return headerBytes;
    if (this.#part === 'head') return payloadHeadBytes;
    return this.#index === 0 ? segmentBytes - payloadHeadBytes : segmentBytes;
  }

  async #beginning(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    if (this.#part === 'header') {
      this.#header = await openHeader(bytes, this.#options);
      this.#opened.resolve(this.#header);
      this.#part = 'head';
      return;
    }
    // What the length byte says is judged with the first segment: a payload of 40 bytes is truncated whatever they are.
    const head = Buffer.from(bytes);
    if (this.#header !== undefined)
      this.#cipher = new SegmentCipher(this.#header.dek, this.#header.header.fileId, head);
    if (head[0] !== payloadHeadBytes) this.#cipher = undefined;
    this.#part = 'segments';
  }

  #openSegment(last: boolean): void {
    const ciphertext = this.#buffer.subarray(0, this.#filled);
    const plaintext = this.#cipher?.open(this.#index, last, ciphertext) ?? null;
    if (plaintext === null) {
      if (
        last &&
        this.#filled === this.#wanted() &&
        this.#cipher?.open(this.#index, false, ciphertext) !== null &&
        this.#cipher !== undefined
      ) {
        throw containerError(
          'container/truncated',
          `The file ends after segment ${this.#index}, which is not the last`,
        );
      }
      const offset = this.#index === 0 ? headerBytes + payloadHeadBytes : headerBytes + this.#index * segmentBytes;
      throw containerError('container/corrupt', `Segment ${this.#index} at byte ${offset} of the file is damaged`, {
        segment: this.#index,
        offset,
      });
    }
    // An empty segment is legal only where the whole plaintext is empty.
    if (plaintext.length === 0 && this.#index > 0) {
      throw containerError('container/corrupt', `Segment ${this.#index} is empty, which no writer makes`, {
        segment: this.#index,
      });
    }
    this.#index += 1;
    this.#filled = 0;
    this.push(plaintext);
  }

  async #finish(): Promise<void> {
    if (this.#part === 'header') {
      // Too short for a header: the parser says what it is.
      await openHeader(this.#buffer.subarray(0, this.#filled), this.#options);
    }
    if (this.#part !== 'segments' || (this.#index === 0 && this.#filled === 0)) {
      throw containerError('container/truncated', 'The file ends before its first segment');
    }
    this.#openSegment(true);
  }
}
