import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const kept = 16 * 1024;

/** Drains a stream always (a full pipe would block the program) and keeps the end of it. */
export class Output {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #isCut = false;

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)));
    stream.on('end', () => this.#take(this.#decoder.end()));
    stream.on('error', () => undefined);
  }

  get text(): string {
    return this.#text;
  }

  /** All of it; null: there was more. */
  get whole(): string | null {
    return this.#isCut ? null : this.#text;
  }

  #take(piece: string): void {
    const text = this.#text + piece;
    this.#isCut ||= text.length > kept;
    this.#text = text.slice(-kept);
  }
}
