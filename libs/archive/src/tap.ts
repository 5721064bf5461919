import { Transform, type TransformCallback } from 'node:stream';
import type { ArchiveReader } from './reader.js';
import type { ArchiveSummary } from './reader-types.js';

/** Passes an archive on unchanged while a reader checks it; cannot end well unless the archive is whole. */
export class ArchiveTap extends Transform {
  #summary: ArchiveSummary | undefined;

  constructor(private readonly reader: ArchiveReader) {
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

export function tapArchive(reader: ArchiveReader): ArchiveTap {
  return new ArchiveTap(reader);
}
