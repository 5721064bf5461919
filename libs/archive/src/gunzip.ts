import { Transform, type TransformCallback } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { messageOf, systemCode } from '#contracts';
import { archiveError } from './archive-error.js';

/**
 * Gunzips one or more members, strictly. zlib silently drops everything that follows one zero byte after a member (facts of compression): only fewer bytes
 * taken than were fed shows it. Offsets in its errors count in the compressed file.
 */
export function gunzipStream(): Transform {
  return new StrictGunzip();
}

class StrictGunzip extends Transform {
  readonly #inner: Gunzip = createGunzip({ chunkSize: 256 * 1024 });
  #fed = 0;
  #ended = false;
  /** Called once: by the write that is under way, by the inner stream's end, or not at all after an error. */
  #pending: (() => void) | undefined;

  constructor() {
    super({ readableHighWaterMark: 1024 * 1024 });
    this.#inner.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#inner.pause();
    });
    this.#inner.on('end', () => {
      this.#ended = true;
      this.#goOn();
    });
    this.#inner.on('error', (error) => this.destroy(this.#translate(error)));
  }

  override _read(size: number): void {
    this.#inner.resume();
    super._read(size);
  }

  /** Small pieces that have queued up go to zlib as one: each write there is a trip to the thread pool. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#fed += chunk.length;
    if (this.#ended) {
      done(this.#trailing());
      return;
    }
    this.#pending = done;
    this.#inner.write(chunk, (error) => {
      if (error === null || error === undefined) this.#goOn();
    });
  }

  override _flush(done: TransformCallback): void {
    const judge = (): void => {
      if (this.#inner.bytesWritten === this.#fed) done();
      else done(this.#trailing());
    };
    if (this.#ended) {
      judge();
      return;
    }
    this.#pending = judge;
    this.#inner.end();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }

  #goOn(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
  }

  #trailing(): Error {
    return archiveError('trailing-data', this.#inner.bytesWritten, 'bytes follow the end of the gzip stream');
  }

  #translate(error: Error): Error {
    const code = systemCode(error) ?? '';
    const at = this.#inner.bytesWritten;
    if (code === 'Z_BUF_ERROR')
      return archiveError('truncated', this.#fed, 'the gzip stream ends in the middle', error);
    if (messageOf(error) === 'incorrect header check' && at > 0)
      return archiveError('trailing-data', at, 'what follows the gzip stream is none', error);
    if (code.startsWith('Z_'))
      return archiveError('corrupt-structure', at, `the gzip stream is damaged (${messageOf(error)})`, error);
    return error;
  }
}
