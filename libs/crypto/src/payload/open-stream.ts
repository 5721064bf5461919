import { Transform, type TransformCallback } from 'node:stream';
import { headerBytes, payloadHeadBytes, segmentBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import type { ReadHeader, UnlockedHeader } from '../header/header-types.js';
import { unlockHeader, type OpenOptions } from '../header/open-header.js';
import { SegmentOpener } from './segment-cipher.js';

/** Opens what passes: a sealed file in, its plaintext out. No byte of a segment is given out before its tag was checked; the last one as the last. */
export class OpenStream extends Transform {
  readonly #options: OpenOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(segmentBytes);
  readonly #opened = Promise.withResolvers<ReadHeader>();
  #filled = 0;
  #part: 'header' | 'head' | 'segments' = 'header';
  #unlocked: UnlockedHeader | undefined;
  /** Undefined until the payload's head was read, and when that is damaged. */
  #cipher: SegmentOpener | undefined;
  #index = 0;

  constructor(options: OpenOptions) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 2 * 1024 * 1024 });
    this.#options = options;
    this.#opened.promise.catch(() => undefined);
  }

  /** The opened header, as soon as it is; rejects when it does not open. */
  get opened(): Promise<ReadHeader> {
    return this.#opened.promise;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // A segment that is full is held back until more follows; header and head are looked at when they are full.
    const room = this.#wanted - this.#filled - (this.#part === 'segments' ? 0 : 1);
    if (chunk.length <= room) {
      this.#filled += chunk.copy(this.#buffer, this.#filled);
      done();
      return;
    }
    this.#take(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#opened.reject(error ?? new Error('the stream was destroyed before its header was read'));
    this.#wipe();
    done(error);
  }

  async #take(chunk: Buffer): Promise<void> {
    let taken = 0;
    while (taken < chunk.length && !this.destroyed) {
      // A full segment is opened only when more follows: else it is the last.
      if (this.#filled === this.#wanted) {
        this.#openSegment(false);
        continue;
      }
      const copied = chunk.copy(this.#buffer, this.#filled, taken, taken + this.#wanted - this.#filled);
      taken += copied;
      this.#filled += copied;
      if (this.#filled === this.#wanted && this.#part !== 'segments') await this.#beginning();
    }
  }

  get #wanted(): number {
    if (this.#part === 'header') return headerBytes;
    if (this.#part === 'head') return payloadHeadBytes;
    return this.#index === 0 ? segmentBytes - payloadHeadBytes : segmentBytes;
  }

  async #beginning(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    if (this.#part === 'header') {
      this.#unlocked = await unlockHeader(bytes, this.#options);
      const { dek: _kept, ...read } = this.#unlocked;
      this.#opened.resolve(read);
      this.#part = 'head';
    } else {
      // What the length byte says is judged with the first segment: a payload of 40 bytes is truncated whatever they are.
      if (this.#unlocked !== undefined && bytes[0] === payloadHeadBytes)
        this.#cipher = new SegmentOpener(this.#unlocked.dek, this.#unlocked.header.fileId, bytes);
      this.#unlocked?.dek.fill(0);
      this.#part = 'segments';
    }
    this.#filled = 0;
    // scrypt takes its time: the stream may be gone by now.
    if (this.destroyed) this.#wipe();
  }

  #openSegment(last: boolean): void {
    const ciphertext = this.#buffer.subarray(0, this.#filled);
    const plaintext = this.#cipher?.open(this.#index, last, ciphertext) ?? null;
    if (plaintext === null) {
      if (last && this.#endsTooEarly(ciphertext))
        throw containerError(
          'container/truncated',
          `The file ends after segment ${this.#index}, which is not the last`,
        );
      throw this.#corrupt('is damaged');
    }
    // An empty segment is legal only where the whole plaintext is empty.
    if (plaintext.length === 0 && this.#index > 0) throw this.#corrupt('is empty, which no writer makes,');
    this.#index += 1;
    this.#filled = 0;
    this.push(plaintext);
  }

  /** A whole segment at the end of the input that opens as one of those before the last. */
  #endsTooEarly(ciphertext: Buffer): boolean {
    if (ciphertext.length !== this.#wanted || this.#cipher === undefined) return false;
    return this.#cipher.open(this.#index, false, ciphertext) !== null;
  }

  #corrupt(what: string): Error {
    const offset = headerBytes + (this.#index === 0 ? payloadHeadBytes : this.#index * segmentBytes);
    const message = `Segment ${this.#index} at byte ${offset} of the file ${what}`;
    return containerError('container/corrupt', message, { segment: this.#index, offset });
  }

  async #finish(): Promise<void> {
    // Too short for a header: the parser says what it is.
    if (this.#part === 'header') await unlockHeader(this.#buffer.subarray(0, this.#filled), this.#options);
    if (this.#part !== 'segments' || (this.#index === 0 && this.#filled === 0))
      throw containerError('container/truncated', 'The file ends before its first segment');
    this.#openSegment(true);
  }

  #wipe(): void {
    this.#unlocked?.dek.fill(0);
    this.#cipher?.wipe();
  }
}
