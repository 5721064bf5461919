import { Transform, type TransformCallback } from 'node:stream';
import { ArchiveExcerpt } from '#archive';
import type { PlacedFrame, ReadPlan } from './read-plan.js';

/** Archive bytes of the frames of a plan in, one after the other; the archive of the chosen namespaces out. */
export class ExcerptCutter extends Transform {
  readonly #frames: readonly PlacedFrame[];
  readonly #excerpt: ArchiveExcerpt;
  #frame = 0;
  #within = 0;

  constructor({ chosen, blocks, frames }: ReadPlan) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 1024 * 1024 });
    this.#frames = frames;
    this.#excerpt = new ArchiveExcerpt(chosen, blocks, (chunk) => this.push(chunk));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#take(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#excerpt.end();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #take(chunk: Buffer): void {
    for (let taken = 0; taken < chunk.length;) {
      const frame = this.#frames[this.#frame];
      if (frame === undefined) throw new RangeError('more archive bytes came than were planned');
      const part = chunk.subarray(taken, taken + frame.archiveBytes - this.#within);
      this.#excerpt.take(frame.offset + this.#within, part);
      taken += part.length;
      this.#within += part.length;
      if (this.#within < frame.archiveBytes) continue;
      this.#frame += 1;
      this.#within = 0;
    }
  }
}
