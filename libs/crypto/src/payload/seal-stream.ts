import { Transform, type TransformCallback } from 'node:stream';
import { firstPlainSegmentBytes, plainSegmentBytes } from '../constants.js';
import type { SegmentSealer } from './segment-cipher.js';

/** What a sealed file begins with, and the cipher of what follows. */
export interface SealedBeginning {
  /** Header and payload head. */
  readonly bytes: readonly Buffer[];
  readonly cipher: SegmentSealer;
}

/** Seals what passes: header and payload head first, then segments. One segment is held back, for the last one is marked. */
export class SealStream extends Transform {
  readonly #begin: () => SealedBeginning;
  /** Filled again and again: a sealed segment is a fresh buffer. */
  readonly #plain = Buffer.allocUnsafeSlow(plainSegmentBytes);
  #filled = 0;
  #cipher: SegmentSealer | undefined;

  /** `begin` is called once, with the first byte or at the end of an empty input; what it throws is the error of the stream. */
  constructor(begin: () => SealedBeginning) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 2 * 1024 * 1024 });
    this.#begin = begin;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(failureOf(() => this.#take(chunk, this.#begun())));
  }

  override _flush(done: TransformCallback): void {
    done(failureOf(() => this.#seal(this.#begun(), true)));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cipher?.wipe();
    done(error);
  }

  #take(chunk: Buffer, cipher: SegmentSealer): void {
    let taken = 0;
    while (taken < chunk.length) {
      const room = (cipher.next === 0 ? firstPlainSegmentBytes : plainSegmentBytes) - this.#filled;
      // Only now that more follows is a full segment known not to be the last.
      if (room === 0) {
        this.#seal(cipher, false);
        continue;
      }
      const copied = chunk.copy(this.#plain, this.#filled, taken, Math.min(chunk.length, taken + room));
      taken += copied;
      this.#filled += copied;
    }
  }

  #begun(): SegmentSealer {
    if (this.#cipher !== undefined) return this.#cipher;
    const { bytes, cipher } = this.#begin();
    for (const part of bytes) this.push(part);
    return (this.#cipher = cipher);
  }

  #seal(cipher: SegmentSealer, last: boolean): void {
    for (const part of cipher.seal(this.#plain.subarray(0, this.#filled), last)) this.push(part);
    this.#filled = 0;
  }
}

/** An exception inside a stream's method would reach whoever writes to it: it is the stream's own error instead. */
function failureOf(action: () => void): Error | null {
  try {
    action();
    return null;
  } catch (error) {
    return error as Error;
  }
}
