import { tmpdir } from 'node:os';
import type { SourceConfig, WorkerConfig } from '#config';
import {
  chooseDumpEngine,
  createMongodumpEngine,
  createNativeDumpEngine,
  type DumpEngine,
  type DumpProbe,
  type DumpRequest,
} from '#engine';

/** Who reads the targets' servers. */
export class DumpEngines {
  readonly #native: DumpEngine;
  readonly #mongodump: DumpEngine;

  constructor(config: Pick<WorkerConfig, 'stallMs' | 'searchPath'>, version: string) {
    const { stallMs, searchPath } = config;
    const native = createNativeDumpEngine({ engineVersion: version, stallMs });
    this.#native = native;
    this.#mongodump = createMongodumpEngine({
      ...{ searchPath, stallMs, tmpDir: tmpdir() },
      probe: (request, signal) => native.probe(request, signal),
    });
  }

  /** By the target's setting, and by what is there and able. */
  choose(target: SourceConfig, signal: AbortSignal): Promise<DumpEngine> {
    const request = dumpRequest(target);
    return chooseDumpEngine(
      { setting: target.engine, request, native: this.#native, mongodump: this.#mongodump },
      signal,
    );
  }

  /** A look at a target's server that writes nothing. */
  look(target: SourceConfig, signal: AbortSignal): Promise<DumpProbe> {
    return this.#native.probe(dumpRequest(target), signal);
  }
}

export function dumpRequest({ uri, databases, include, exclude }: SourceConfig): DumpRequest {
  return { uri, databases, include, exclude };
}
