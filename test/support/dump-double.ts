import { Readable } from 'node:stream';
import { AppError } from '#contracts';
import type { Dump, DumpEngine } from '#engine';
import { piecesOfRepeated, type RepeatedArchive } from './generated-archive.js';

export type Misbehaviour =
  /** Everything is given, then the engine's verdict is a failure. */
  | 'fails-after-all-bytes'
  /** Ends cleanly after `after` bytes, as a killed child's pipe does. */
  | 'ends-early'
  /** Fails after `after` bytes. */
  | 'fails'
  /** Gives `after` bytes and then nothing more, until it is aborted. */
  | 'hangs';

export interface DumpDoubleOptions {
  /** Bytes at hand, or an archive of any size that is made as it is read. */
  readonly archive: Buffer | RepeatedArchive;
  readonly misbehaviour?: Misbehaviour;
  /** Bytes given before it misbehaves. */
  readonly after?: number;
  readonly warnings?: readonly string[];
  readonly estimatedBytes?: number | null;
}

/** An engine that gives a stored archive in small pieces and misbehaves on command. `destroyed` tells whether its stream was let go. */
export function dumpDouble(options: DumpDoubleOptions): DumpEngine & { readonly destroyed: () => boolean } {
  let stream: Readable | undefined;
  return {
    name: 'native',
    destroyed: () => stream?.destroyed === true,
    probe: () =>
      Promise.resolve({
        engine: { name: 'native', version: 'double' },
        server: { version: '7.0.0', topology: 'standalone' },
        databases: ['fx'],
        estimatedBytes: options.estimatedBytes ?? null,
        warnings: options.warnings ?? [],
      }),
    dump: (request, _probe, signal): Promise<Dump> => {
      const opened = new DoubleStream(options);
      stream = opened;
      const abort = () => opened.destroy(new AppError({ code: 'run/cancelled', stage: 'dump', message: 'aborted' }));
      signal.addEventListener('abort', abort, { once: true });
      // A signal that many runs share must not keep what they read.
      opened.once('close', () => signal.removeEventListener('abort', abort));
      return Promise.resolve({
        stream: opened,
        result: Promise.resolve({
          consistency: { mode: request.oplog === true ? 'oplog' : 'none', at: null },
          warnings: [],
        }),
      });
    },
  };
}

export const dumpFailed = new AppError({
  code: 'engine/failed',
  stage: 'dump',
  message: 'the double failed as told',
  hint: 'none',
});

class DoubleStream extends Readable {
  readonly #pieces: Iterator<Buffer>;
  readonly #end: number;
  #at = 0;

  constructor(private readonly options: DumpDoubleOptions) {
    super(Buffer.isBuffer(options.archive) ? {} : { highWaterMark: 4 * 1024 * 1024 });
    const { archive, misbehaviour, after } = options;
    const all = misbehaviour === undefined || misbehaviour === 'fails-after-all-bytes';
    this.#end = all ? Infinity : (after ?? Infinity);
    this.#pieces = Buffer.isBuffer(archive) ? slices(archive) : piecesOfRepeated(archive);
  }

  override _read(): void {
    const { misbehaviour } = this.options;
    const piece = this.#at < this.#end ? this.#pieces.next() : undefined;
    if (piece?.done === false) {
      this.push(piece.value.subarray(0, this.#end - this.#at));
      this.#at += piece.value.length;
    } else if (misbehaviour === 'fails' || misbehaviour === 'fails-after-all-bytes') this.destroy(dumpFailed);
    else if (misbehaviour !== 'hangs') this.push(null);
  }
}

function* slices(archive: Buffer): Generator<Buffer> {
  for (let at = 0; at < archive.length; at += 10_000) yield archive.subarray(at, at + 10_000);
}
