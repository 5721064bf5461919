import type { BatchBuffers } from './batch-buffers.js';
import { sectionHead, type RawDocuments } from './raw-command.js';

/** One insert. Its bytes are used again after it was answered. */
export interface Batch extends RawDocuments {
  readonly bytes: number;
}

const noBytes = Buffer.alloc(0);

/** Documents copied one after the other into one buffer, behind room for the head of the message's section. */
export class OpenBatch {
  bytes = 0;
  count = 0;
  private buffer: Buffer = noBytes;

  constructor(private readonly buffers: BatchBuffers) {}

  /** Memory that it takes. */
  get capacity(): number {
    return this.buffer.length;
  }

  append(run: Buffer, count: number): void {
    const start = sectionHead + this.bytes;
    if (start + run.length > this.buffer.length) this.grow(start + run.length);
    run.copy(this.buffer, start);
    this.bytes += run.length;
    this.count += count;
  }

  private grow(bytes: number): void {
    const old = this.buffer;
    this.buffer = this.buffers.take(bytes);
    old.copy(this.buffer, 0, 0, sectionHead + this.bytes);
    this.buffers.release(old);
  }

  /** To be sent. */
  seal(): Batch {
    const section = this.buffer.subarray(0, sectionHead + this.bytes);
    return { runs: [section.subarray(sectionHead)], section, count: this.count, bytes: this.bytes };
  }

  /** It was answered. */
  release(): void {
    this.buffers.release(this.buffer);
    this.buffer = noBytes;
  }
}
