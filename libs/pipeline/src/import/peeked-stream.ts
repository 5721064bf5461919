import { Readable } from 'node:stream';

const chunkBytes = 1024 * 1024;

/** A stream whose beginning was looked at: `rest` gives all of it, from the first byte. */
export class PeekedStream {
  readonly #source: AsyncIterator<Buffer, undefined>;
  readonly #taken: Buffer[] = [];

  constructor(source: Readable) {
    this.#source = source.iterator() as AsyncIterator<Buffer, undefined>;
  }

  /** One piece more; null at the end. */
  async next(): Promise<Buffer | null> {
    const piece = await this.#read();
    if (piece !== null) this.#taken.push(piece);
    return piece;
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

  async #read(): Promise<Buffer | null> {
    const result = await this.#source.next();
    return result.done === true ? null : result.value;
  }

  async *#all(): AsyncGenerator<Buffer> {
    try {
      for (let chunk = this.#taken.shift(); chunk !== undefined; chunk = this.#taken.shift()) yield chunk;
      for (let piece = await this.#read(); piece !== null; piece = await this.#read()) yield piece;
    } finally {
      await this.close();
    }
  }
}
