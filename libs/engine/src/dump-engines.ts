import { tmpdir } from 'node:os';
import type { DumpEngine } from './engine.js';
import { createMongodumpEngine } from './mongodump/mongodump.engine.js';
import { createNativeDumpEngine } from './native/dump/native-dump.engine.js';

export interface DumpEnginesOptions {
  /** Of this program: the native engine's version. */
  readonly version: string;
  readonly stallMs: number;
  /** Where mongodump is looked for: the form of PATH. */
  readonly searchPath: string;
}

/** Both engines, for `chooseDumpEngine`. The official tool's looks at a server are made by the native one. */
export function createDumpEngines({ version, stallMs, searchPath }: DumpEnginesOptions): {
  readonly native: DumpEngine;
  readonly mongodump: DumpEngine;
} {
  const native = createNativeDumpEngine({ engineVersion: version, stallMs });
  const mongodump = createMongodumpEngine({
    ...{ searchPath, stallMs, tmpDir: tmpdir() },
    probe: (request, signal) => native.probe(request, signal),
  });
  return { native, mongodump };
}
