import { Readable } from 'node:stream';

const chunkBytes = 1024 * 1024;

/** A stream whose beginning was looked at: `rest` gives all of it, from the first byte. */
export class PeekedStream {
  readonly #source: AsyncIterator<Buffer>;
  readonly #taken: Buffer[] = [];

  constructor(source: Readable) {
    this.#source = source.iterator() as AsyncIterator<Buffer>;
  }

  /** One piece more; null at the end. */
  async next(): Promise<Buffer | null> {
    const { done, value } = await this.#source.next();
    if (done === true) return null;
    this.#taken.push(value);
    return value;
  }

  /** The first bytes: as many as were asked for, fewer at the end. */
  async first(bytes: number): Promise<Buffer> {
    while (this.#taken.reduce((sum, { length }) => sum + length, 0) < bytes) if ((await this.next()) === null) break;
    return Buffer.concat(this.#taken).subarray(0, bytes);
  }

  rest(): Readable {
    return Readable.from(this.#all(), { objectMode: false, highWaterMark: chunkBytes });
  }

  /** Lets the source go, unread. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async *#all(): AsyncGenerator<Buffer> {
    try {
      for (let chunk = this.#taken.shift(); chunk !== undefined; chunk = this.#taken.shift()) yield chunk;
      for (;;) {
        const { done, value } = await this.#source.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await this.close();
    }
  }
}
