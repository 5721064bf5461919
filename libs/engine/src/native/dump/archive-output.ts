import { Readable } from 'node:stream';

/** What readers wait with when the consumer let go. */
const letGo = new Error('the consumer let go of the archive');

/**
 * The archive as a stream that several readers fill. They wait in `room()` while the consumer is behind; it ends by `finish()` alone, and is destroyed by
 * whatever else ends the dump. A plain Readable, not a generator: that could not be destroyed while it waits.
 */
export class ArchiveOutput extends Readable {
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(mostBytes: number) {
    super({ highWaterMark: mostBytes });
  }

  /** Resolves when there is room, at once when there is; rejects when the stream was destroyed. */
  async room(): Promise<void> {
    if (this.destroyed) throw this.errored ?? letGo;
    if (this.readableLength < this.readableHighWaterMark) return;
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  finish(): void {
    this.push(null);
  }

  override _read(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error ?? letGo);
    done(error);
  }
}
