import type { BatchBuffers } from './batch-buffers.js';
import { announceSection, messageRoom } from './message-room.js';
import { sectionHead, type RawDocuments } from './raw-command.js';

/** One insert. Its bytes are used again after it was answered. */
export interface Batch extends RawDocuments {
  readonly bytes: number;
}

const noBytes = Buffer.alloc(0);
/** What stands before the documents in a message. */
export const batchHead = messageRoom + sectionHead;

/** Documents copied one after the other into one buffer, which becomes the message itself. */
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
    const start = batchHead + this.bytes;
    if (start + run.length > this.buffer.length) this.grow(start + run.length);
    run.copy(this.buffer, start);
    this.bytes += run.length;
    this.count += count;
  }

  private grow(bytes: number): void {
    const old = this.buffer;
    this.buffer = this.buffers.take(bytes);
    if (this.bytes > 0) old.copy(this.buffer, batchHead, batchHead, batchHead + this.bytes);
    this.buffers.release(old);
  }

  /** To be sent. */
  seal(): Batch {
    const section = announceSection(this.buffer, batchHead + this.bytes);
    return { runs: [section.subarray(sectionHead)], section, count: this.count, bytes: this.bytes };
  }

  /** It was answered well. A batch that was not may still be on its way: its buffer is not used again. */
  release(): void {
    this.buffers.release(this.buffer);
    this.buffer = noBytes;
  }
}
