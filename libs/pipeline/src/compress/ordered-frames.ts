import { Transform, type TransformOptions } from 'node:stream';

/**
 * A stage that has frames worked on by the thread pool, several at once, and gives the results out in order. What Transform itself does against a slow reader
 * sees only results that are pushed during a call of `_transform`, and ours come between calls: so this class waits by itself, and holds no more than the
 * frames at work and one result, however slow the reader is.
 */
export abstract class OrderedFrames extends Transform {
  readonly #inFlight: Promise<void>[] = [];
  #waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: Pick<TransformOptions, 'writableHighWaterMark'>) {
    // Object mode: results come out as they are, while bytes that wait for a slow reader would be copied together.
    super({ ...options, readableObjectMode: true, readableHighWaterMark: 1 });
  }

  /** Takes the next frame's work, already begun. Resolves when another frame may begin: fewer than `most` are at work, and the reader has taken the rest. */
  protected async enqueue(work: Promise<Buffer>, most: number, onDone?: (result: Buffer) => void): Promise<void> {
    const given = this.#give(work, this.#inFlight.at(-1), onDone);
    // Awaited later: until then a failure is no unhandled rejection.
    given.catch(() => undefined);
    this.#inFlight.push(given);
    while (this.#inFlight.length >= most) await this.#inFlight.shift();
    await this.#room();
  }

  /** Resolves when all that was begun is given out. */
  protected async drain(): Promise<void> {
    while (this.#inFlight.length > 0) await this.#inFlight.shift();
  }

  async #give(
    work: Promise<Buffer>,
    earlier: Promise<void> | undefined,
    onDone: ((result: Buffer) => void) | undefined,
  ): Promise<void> {
    // The earlier frame's failure is the one to report.
    work.catch(() => undefined);
    await earlier;
    const result = await work;
    onDone?.(result);
    this.push(result);
  }

  async #room(): Promise<void> {
    if (this.destroyed) throw this.errored ?? letGo();
    if (this.readableLength < this.readableHighWaterMark) return;
    await new Promise<void>((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  override _read(size: number): void {
    super._read(size);
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting?.reject(error ?? letGo());
    this.#waiting = undefined;
    done(error);
  }
}

function letGo(): Error {
  return new Error('the reader let go of the frames');
}
