import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { redact } from '../connection/index.js';

const kept = 32 * 1024;
const longestLine = 64 * 1024;

/** Drains a stream always (a full pipe would block the tool) and keeps its last 32 KB. Each line is handed on as it comes, not redacted, and cut at 64 KB. */
export class Tail {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #cut = false;
  #line = '';

  constructor(
    stream: Readable,
    private readonly onLine?: (line: string) => void,
  ) {
    stream.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)));
    stream.on('end', () => {
      this.#take(this.#decoder.end());
      this.#endLine();
    });
    stream.on('error', () => undefined);
  }

  /** Without credentials. */
  get text(): string {
    // A URI cut at the front is none that could be recognised: what is left of the first line goes.
    return redact(this.#cut ? this.#text.replace(/^[^\n]*(\n|$)/, '') : this.#text);
  }

  /** The last lines, without their time stamps, in one. */
  lastLines(count: number): string {
    const lines = this.text.split('\n').map((line) => line.replace(/^\S+T\S+\s+/, '').trim());
    return lines
      .filter((line) => line !== '')
      .slice(-count)
      .join(' | ');
  }

  #take(piece: string): void {
    const text = this.#text + piece;
    this.#cut ||= text.length > kept;
    this.#text = text.slice(-kept);
    if (this.onLine === undefined) return;
    const [first = '', ...more] = piece.split('\n');
    this.#addToLine(first);
    for (const next of more) {
      this.#endLine();
      this.#addToLine(next);
    }
  }

  #addToLine(text: string): void {
    if (this.#line.length < longestLine) this.#line = (this.#line + text).slice(0, longestLine);
  }

  #endLine(): void {
    const line = this.#line;
    this.#line = '';
    if (line !== '') this.onLine?.(line);
  }
}
