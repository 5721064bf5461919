import type { TransformCallback } from 'node:stream';
import { AppError, type Frame } from '#contracts';
import { decompressFrame, type FrameCodec } from './codec.js';
import { framesAtOnce } from './frame-plan.js';
import { OrderedFrames } from './ordered-frames.js';

const sizeStep = 256 * 1024;

/** Collects the frames that the manifest lists, decompresses several at once, and gives the archive out in order. */
export class FrameDecompressor extends OrderedFrames {
  /** Buffers for compressed frames: taken back when their frame is decompressed. */
  readonly #free: Buffer[] = [];
  #frame: Buffer | undefined;
  #collected = 0;
  #index = 0;

  constructor(
    private readonly codec: FrameCodec,
    private readonly frames: readonly Frame[],
    /** Their numbers in the manifest, where they are not all of them. */
    private readonly numbers?: readonly number[],
  ) {
    super({ writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#take(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  async #take(chunk: Buffer): Promise<void> {
    for (let taken = 0; taken < chunk.length;) {
      const listed = this.frames[this.#index];
      if (listed === undefined) throw this.#mismatch('more compressed bytes than the manifest lists');
      const [archiveBytes, frameBytes] = listed;
      this.#frame ??= this.#bufferFor(frameBytes);
      const copied = chunk.copy(this.#frame, this.#collected, taken, taken + frameBytes - this.#collected);
      taken += copied;
      this.#collected += copied;
      if (this.#collected === frameBytes) await this.#start(this.#frame, archiveBytes);
    }
  }

  async #start(frame: Buffer, archiveBytes: number): Promise<void> {
    const compressed = frame.subarray(0, this.#collected);
    const number = this.numbers?.[this.#index] ?? this.#index;
    const plain = decompressFrame(this.codec, compressed, archiveBytes, number).finally(() => this.#free.push(frame));
    this.#frame = undefined;
    this.#collected = 0;
    this.#index += 1;
    await this.enqueue(plain, framesAtOnce(archiveBytes));
  }

  /** One that is too small for this frame is not kept: the sizes of frames differ little. */
  #bufferFor(frameBytes: number): Buffer {
    const reused = this.#free.pop();
    if (reused !== undefined && reused.length >= frameBytes) return reused;
    return Buffer.allocUnsafeSlow(Math.ceil(frameBytes / sizeStep) * sizeStep);
  }

  async #finish(): Promise<void> {
    await this.drain();
    if (this.#index !== this.frames.length || this.#collected > 0) {
      throw this.#mismatch(`${this.#index} whole frames where the manifest lists ${this.frames.length}`);
    }
  }

  #mismatch(found: string): AppError {
    return new AppError({
      code: 'backup/mismatch',
      stage: 'decompress',
      message: `The data holds ${found}`,
      hint: 'The data and the manifest do not belong together: restore another backup',
    });
  }
}
