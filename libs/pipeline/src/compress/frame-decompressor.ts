import type { TransformCallback } from 'node:stream';
import { AppError, type Frame } from '#contracts';
import { decompressFrame, type FrameCodec } from './codec.js';
import { framesAtOnce } from './frame-plan.js';
import { OrderedFrames } from './ordered-frames.js';

/** Collects the frames that the manifest lists, decompresses several at once, and gives the archive out in order. */
export class FrameDecompressor extends OrderedFrames {
  #pieces: Buffer[] = [];
  #collected = 0;
  #index = 0;

  constructor(
    private readonly codec: FrameCodec,
    private readonly frames: readonly Frame[],
  ) {
    super({ writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const wanted = this.frames[this.#index]?.[1] ?? 0;
    if (this.#collected + chunk.length < wanted) {
      this.#pieces.push(chunk);
      this.#collected += chunk.length;
      done();
      return;
    }
    this.#take(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(() => done(), done);
  }

  async #take(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const frame = this.frames[this.#index];
      if (frame === undefined) throw this.#mismatch('more compressed bytes than the manifest lists');
      const missing = frame[1] - this.#collected;
      const piece = rest.subarray(0, missing);
      rest = rest.subarray(piece.length);
      this.#pieces.push(piece);
      this.#collected += piece.length;
      if (this.#collected === frame[1]) await this.#start(frame);
    }
  }

  async #start([archiveBytes]: Frame): Promise<void> {
    const compressed = Buffer.concat(this.#pieces, this.#collected);
    this.#pieces = [];
    this.#collected = 0;
    const index = this.#index;
    this.#index += 1;
    await this.enqueue(decompressFrame(this.codec, compressed, archiveBytes, index), framesAtOnce(archiveBytes));
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
