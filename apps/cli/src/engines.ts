import { tmpdir } from 'node:os';
import type { CliConfig } from '#config';
import {
  chooseDumpEngine,
  createMongodumpEngine,
  createMongorestoreEngine,
  createNativeDumpEngine,
  createNativeLoadEngine,
  type DumpEngine,
  type DumpRequest,
  type LoadEngine,
} from '#engine';
import type { CliContext } from './context.js';

/** Who reads the database: by setting, and by what is there and able. */
export function selectDumpEngine(
  setting: 'auto' | 'mongodump' | 'native',
  request: DumpRequest,
  config: CliConfig,
  context: CliContext,
): Promise<DumpEngine> {
  const native = createNativeDumpEngine({ engineVersion: context.version, stallMs: config.stallMs });
  const mongodump = createMongodumpEngine({
    searchPath: context.searchPath(),
    tmpDir: tmpdir(),
    stallMs: config.stallMs,
    probe: (asked, signal) => native.probe(asked, signal),
  });
  return chooseDumpEngine({ setting, request, native, mongodump }, context.signal);
}

/** Who loads. */
export function createLoadEngine(
  name: 'native' | 'mongorestore',
  config: Pick<CliConfig, 'stallMs'>,
  context: CliContext,
): LoadEngine {
  if (name === 'native') return createNativeLoadEngine();
  return createMongorestoreEngine({ searchPath: context.searchPath(), tmpDir: tmpdir(), stallMs: config.stallMs });
}
