import type { SourceConfig, WorkerConfig } from '#config';
import { chooseDumpEngine, createDumpEngines, type DumpEngine, type DumpProbe, type DumpRequest } from '#engine';

/** Who reads the targets' servers. */
export class DumpEngines {
  readonly #engines: { readonly native: DumpEngine; readonly mongodump: DumpEngine };

  constructor({ stallMs, searchPath }: Pick<WorkerConfig, 'stallMs' | 'searchPath'>, version: string) {
    this.#engines = createDumpEngines({ version, stallMs, searchPath });
  }

  /** By the target's setting, and by what is there and able. */
  choose(target: SourceConfig, signal: AbortSignal): Promise<DumpEngine> {
    return chooseDumpEngine({ setting: target.engine, request: dumpRequest(target), ...this.#engines }, signal);
  }

  /** A look at a target's server that writes nothing. */
  look(target: SourceConfig, signal: AbortSignal): Promise<DumpProbe> {
    return this.#engines.native.probe(dumpRequest(target), signal);
  }
}

export function dumpRequest({ uri, databases, include, exclude, oplog }: SourceConfig): DumpRequest {
  return { uri, databases, include, exclude, ...(oplog === true ? { oplog } : {}) };
}
