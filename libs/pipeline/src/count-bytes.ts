import { Transform, type TransformCallback } from 'node:stream';

/** Passes bytes on unchanged and tells their number so far. */
export class CountBytes extends Transform {
  #bytes = 0;

  constructor(private readonly onBytes?: (bytes: number) => void) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.length;
    this.onBytes?.(this.#bytes);
    done(null, chunk);
  }
}
