import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { ArchiveReader, type ArchivePrelude, type ArchiveSummary } from '#archive';
import { AppError, cancelled, untilAborted } from '#contracts';

/** Takes an archive from a stream, checks it, and hands it on: the prelude first, then everything. No byte is handed on before it was looked at. */
export class ArchiveFeed {
  readonly #reader: ArchiveReader;
  readonly #chunks: AsyncIterator<unknown>;
  /** What was read with the prelude, for the tool. */
  readonly #held: Buffer[] = [];
  #prelude: ArchivePrelude | undefined;
  #summary: ArchiveSummary | undefined;
  /** Bytes that the tool has taken. */
  taken = 0;
  waitsForSource = false;

  constructor(
    source: Readable,
    private readonly signal: AbortSignal,
  ) {
    addAbortSignal(signal, source);
    this.#chunks = source[Symbol.asyncIterator]();
    this.#reader = new ArchiveReader({ prelude: (found) => (this.#prelude = found) });
  }

  /** What the archive held; only when all of it was read, found whole, and handed over. */
  get summary(): ArchiveSummary | undefined {
    return this.#summary;
  }

  /** Documents read so far. */
  get documents(): number {
    return this.#reader.documents;
  }

  async readPrelude(): Promise<ArchivePrelude> {
    for (;;) {
      if (this.#prelude !== undefined) return this.#prelude;
      const chunk = await this.#next();
      if (chunk !== undefined) this.#held.push(chunk);
      else {
        this.#reader.end();
        throw new AppError({
          code: 'archive/truncated',
          stage: 'archive',
          message: 'The archive ends before its list of collections does',
          hint: 'It was cut, or is none: use another backup, or copy the file again from where it was made',
        });
      }
    }
  }

  /**
   * Hands everything over and ends the tool's input; returns early when the tool takes no more, for its exit tells why. The errors of the source and of the
   * reader come out as they are, and leave the input open: its end would say that this was all.
   */
  async feed(input: Writable): Promise<void> {
    for (let chunk = this.#held.shift(); chunk !== undefined; chunk = this.#held.shift() ?? (await this.#next()))
      if (!(await this.#hand(chunk, input))) return;
    const summary = this.#reader.end();
    const ended = await new Promise<boolean>((resolve) => {
      input.once('close', () => resolve(input.writableFinished));
      input.end(() => resolve(true));
    });
    if (ended) this.#summary = summary;
  }

  /** Undefined at the end of the source. */
  async #next(): Promise<Buffer | undefined> {
    this.waitsForSource = true;
    try {
      // A destroyed stream tells its reader only when its source has let go, and one that gives nothing never does.
      const next = await untilAborted(this.#chunks.next(), this.signal);
      if (next.done === true) return undefined;
      const chunk = next.value as Buffer;
      this.#reader.write(chunk);
      return chunk;
    } catch (error) {
      throw this.signal.aborted ? cancelled(this.signal, 'load') : error;
    } finally {
      this.waitsForSource = false;
    }
  }

  /** False when nobody takes it any more. */
  async #hand(chunk: Buffer, input: Writable): Promise<boolean> {
    const isTaken = await new Promise<boolean>((resolve) =>
      input.write(chunk, (error) => resolve(error === null || error === undefined)),
    );
    if (isTaken) this.taken += chunk.length;
    return isTaken;
  }
}
