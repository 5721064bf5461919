import { Transform, type TransformCallback } from 'node:stream';
import type { Frame } from '#contracts';
import { compressFrame, type FrameCodec } from './codec.js';
import { frameBytesAt } from './frame-plan.js';

export interface FrameCompressorOptions {
  readonly codec: FrameCodec;
  readonly level: number | undefined;
  /** Archive bytes of a frame, from `plannedFrameBytes`. */
  readonly frameBytes: number;
  /** Frames compressed at the same time; memory is about this times twice the frame. */
  readonly concurrency: number;
}

/** Cuts the archive into independent frames, compresses several at once on the thread pool, and gives them out in order. */
export class FrameCompressor extends Transform {
  readonly frames: Frame[] = [];
  readonly #options: FrameCompressorOptions;
  /** Buffers to fill: taken back when their frame is compressed. */
  readonly #free: Buffer[] = [];
  readonly #inFlight: Promise<void>[] = [];
  #frame: Buffer;
  #filled = 0;
  #cut = 0;

  constructor(options: FrameCompressorOptions) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: options.frameBytes });
    this.#options = options;
    this.#frame = Buffer.allocUnsafeSlow(options.frameBytes);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#filled + chunk.length < this.#frame.length) {
      this.#filled += chunk.copy(this.#frame, this.#filled);
      done();
      return;
    }
    this.#fill(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  async #fill(chunk: Buffer): Promise<void> {
    let taken = 0;
    while (taken < chunk.length) {
      const copied = chunk.copy(this.#frame, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled === this.#frame.length) await this.#cutFrame();
    }
  }

  async #finish(): Promise<void> {
    // An empty input still needs one frame: no bytes at all would be no zstd or gzip file.
    if (this.#filled > 0 || this.#cut === 0) await this.#cutFrame();
    while (this.#inFlight.length > 0) await this.#inFlight.shift();
  }

  /** Sends the filled frame to the pool, after the oldest one came back when too many are there. */
  async #cutFrame(): Promise<void> {
    const frame = this.#frame;
    const filled = this.#filled;
    const compressed = this.#compress(frame, filled, this.#inFlight.at(-1));
    // Awaited later: until then a failure is no unhandled rejection.
    compressed.catch(() => undefined);
    this.#inFlight.push(compressed);
    this.#cut += 1;
    this.#filled = 0;
    while (this.#inFlight.length >= this.#options.concurrency) await this.#inFlight.shift();
    const size = frameBytesAt(this.#cut, this.#options.frameBytes);
    const reused = this.#free.pop();
    this.#frame = reused?.length === size ? reused : Buffer.allocUnsafeSlow(size);
  }

  async #compress(frame: Buffer, filled: number, earlier: Promise<void> | undefined): Promise<void> {
    const compressed = await compressFrame(this.#options.codec, frame.subarray(0, filled), this.#options.level);
    this.#free.push(frame);
    await earlier;
    this.frames.push([filled, compressed.length]);
    this.push(compressed);
  }
}
