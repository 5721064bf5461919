import { Readable } from 'node:stream';
import { AppError } from '#contracts';
import type { Dump, DumpEngine } from '#engine';

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
  readonly archive: Buffer;
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
    dump: (_request, _probe, signal): Promise<Dump> => {
      const opened = new DoubleStream(options);
      stream = opened;
      signal.addEventListener(
        'abort',
        () => opened.destroy(new AppError({ code: 'run/cancelled', stage: 'dump', message: 'aborted' })),
        { once: true },
      );
      return Promise.resolve({
        stream: opened,
        result: Promise.resolve({ consistency: { mode: 'none', at: null }, warnings: [] }),
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
  #at = 0;

  constructor(private readonly options: DumpDoubleOptions) {
    super();
  }

  override _read(): void {
    const { archive, misbehaviour, after = archive.length } = this.options;
    const end = misbehaviour === undefined || misbehaviour === 'fails-after-all-bytes' ? archive.length : after;
    if (this.#at < end) {
      const next = Math.min(this.#at + 10_000, end);
      this.push(archive.subarray(this.#at, next));
      this.#at = next;
    } else if (misbehaviour === 'fails' || misbehaviour === 'fails-after-all-bytes') this.destroy(dumpFailed);
    else if (misbehaviour !== 'hangs') this.push(null);
  }
}
