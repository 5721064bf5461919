import { once } from 'node:events';

const pieceBytes = 64 * 1024;

/** Lines for stdout, in pieces; waits for a slow reader. */
export class OutputLines {
  #waiting: string[] = [];
  #bytes = 0;
  /** Lines so far. */
  written = 0;

  /** False: nobody reads any more (`… | head`). */
  async write(line: string): Promise<boolean> {
    this.#waiting.push(line, '\n');
    this.#bytes += line.length;
    this.written += 1;
    if (this.#bytes >= pieceBytes) await this.flush();
    return !process.stdout.destroyed;
  }

  async flush(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#bytes = 0;
    if (text === '' || process.stdout.destroyed || process.stdout.write(text)) return;
    const done = new AbortController();
    // A reader that goes away never drains.
    await Promise.race([
      once(process.stdout, 'drain', { signal: done.signal }),
      once(process.stdout, 'close', { signal: done.signal }),
    ]).catch(() => undefined);
    done.abort();
  }
}
