import type { Readable } from 'node:stream';
import { redact } from '../connection/index.js';

const kept = 32 * 1024;

/** Drains a stream always (a full pipe would block the tool) and keeps its last 32 KB. */
export class Tail {
  #text = '';
  #cut = false;

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      const text = this.#text + chunk.toString('utf8');
      this.#cut ||= text.length > kept;
      this.#text = text.slice(-kept);
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
}
