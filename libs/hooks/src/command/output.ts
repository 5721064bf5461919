import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { mostAnswerBytes } from '../judge-answer.js';

/** Of more than is kept the end tells the most. */
const keptOfMore = 16 * 1024;

/** Drains a stream always (a full pipe would block the program) and keeps what it gives, of more than an answer may have the end. */
export class Output {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #isCut = false;

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)));
    stream.on('end', () => this.#take(this.#decoder.end()));
    stream.on('error', () => undefined);
  }

  /** The end of it. */
  get text(): string {
    return this.#text.slice(-keptOfMore);
  }

  /** All of it; null: there was more. */
  get whole(): string | null {
    return this.#isCut ? null : this.#text;
  }

  #take(piece: string): void {
    const text = this.#text + piece;
    this.#isCut ||= text.length > mostAnswerBytes;
    this.#text = this.#isCut ? text.slice(-keptOfMore) : text;
  }
}
