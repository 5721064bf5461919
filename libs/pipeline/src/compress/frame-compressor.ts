import type { TransformCallback } from 'node:stream';
import type { Frame } from '#contracts';
import { compressFrame, type FrameCodec } from './codec.js';
import { frameBytesAt, framesAtOnce } from './frame-plan.js';
import { OrderedFrames } from './ordered-frames.js';

export interface FrameCompressorOptions {
  readonly codec: FrameCodec;
  readonly level: number | undefined;
  /** Archive bytes of a frame, from `plannedFrameBytes`. */
  readonly frameBytes: number;
}

/** Cuts the archive into independent frames, compresses several at once on the thread pool, and gives them out in order. */
export class FrameCompressor extends OrderedFrames {
  readonly frames: Frame[] = [];
  readonly #options: FrameCompressorOptions;
  /** Buffers to fill: taken back when their frame is compressed. */
  readonly #free: Buffer[] = [];
  #frame: Buffer;
  #filled = 0;
  #cut = 0;

  constructor(options: FrameCompressorOptions) {
    super({ writableHighWaterMark: 1024 * 1024 });
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
    await this.drain();
  }

  /** Sends the filled frame to the pool, and takes a buffer for the next one when it may begin. */
  async #cutFrame(): Promise<void> {
    const filled = this.#filled;
    this.#cut += 1;
    this.#filled = 0;
    await this.enqueue(this.#compress(this.#frame, filled), framesAtOnce(this.#frame.length), (compressed) =>
      this.frames.push([filled, compressed.length]),
    );
    const size = frameBytesAt(this.#cut, this.#options.frameBytes);
    const reused = this.#free.pop();
    this.#frame = reused?.length === size ? reused : Buffer.allocUnsafeSlow(size);
  }

  async #compress(frame: Buffer, filled: number): Promise<Buffer> {
    const compressed = await compressFrame(this.#options.codec, frame.subarray(0, filled), this.#options.level);
    this.#free.push(frame);
    return compressed;
  }
}
