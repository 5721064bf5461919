import { Transform, type TransformCallback } from 'node:stream';
import { firstPlainSegmentBytes, plainSegmentBytes } from '../constants.js';
import type { SegmentCipher } from './segment-cipher.js';

/** Seals what passes: header and payload head first, then segments. One segment is held back, for the last one is marked. */
export class SealStream extends Transform {
  /** Filled again and again: a sealed segment is a fresh buffer. */
  readonly #plain = Buffer.allocUnsafeSlow(plainSegmentBytes);
  #filled = 0;
  #index = 0;
  #begun = false;

  constructor(
    private readonly cipher: SegmentCipher,
    private readonly beginning: readonly Buffer[],
  ) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 2 * 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#begin();
    let taken = 0;
    while (taken < chunk.length) {
      const room = this.#segmentBytes - this.#filled;
      // Only now that more follows is a full segment known not to be the last.
      if (room === 0) {
        this.#seal(false);
        continue;
      }
      const copied = chunk.copy(this.#plain, this.#filled, taken, Math.min(chunk.length, taken + room));
      taken += copied;
      this.#filled += copied;
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#begin();
    this.#seal(true);
    done();
  }

  get #segmentBytes(): number {
    return this.#index === 0 ? firstPlainSegmentBytes : plainSegmentBytes;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    for (const part of this.beginning) this.push(part);
  }

  #seal(last: boolean): void {
    for (const part of this.cipher.seal(this.#index, last, this.#plain.subarray(0, this.#filled))) this.push(part);
    this.#index += 1;
    this.#filled = 0;
  }
}
