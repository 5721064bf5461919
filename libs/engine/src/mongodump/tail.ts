import type { Readable } from 'node:stream';
import { redact } from '../connection/index.js';

const kept = 32 * 1024;

/** Drains a stream always (a full pipe would block the tool) and keeps its last 32 KB. */
export class Tail {
  #text = '';

  constructor(stream: Readable) {
    stream.on('data', (chunk: Buffer) => (this.#text = (this.#text + chunk.toString('utf8')).slice(-kept)));
    stream.on('error', () => undefined);
  }

  /** Without credentials. */
  get text(): string {
    return redact(this.#text);
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
