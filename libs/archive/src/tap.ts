import { Transform, type TransformCallback } from 'node:stream';
import type { ArchiveReader } from './reader.js';
import type { ArchiveSummary } from './reader-types.js';

/** Passes an archive on unchanged while a reader checks it; cannot end well unless the archive is whole. */
export class ArchiveTap extends Transform {
  #summary: ArchiveSummary | undefined;

  constructor(
    private readonly reader: ArchiveReader,
    private readonly onBytes?: () => void,
  ) {
    super({ writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 1024 * 1024 });
  }

  /** What was read; only after the stream has ended. */
  summary(): ArchiveSummary {
    if (this.#summary === undefined) throw new Error('the archive has not ended');
    return this.#summary;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.reader.write(chunk);
    } catch (error) {
      done(error as Error);
      return;
    }
    this.onBytes?.();
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#summary = this.reader.end();
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }
}

/** `onBytes` is called for every piece that passed; the reader knows how many bytes and documents there were. */
export function tapArchive(reader: ArchiveReader, onBytes?: () => void): ArchiveTap {
  return new ArchiveTap(reader, onBytes);
}
