import { tmpdir } from 'node:os';
import type { CliConfig } from '#config';
import {
  chooseDumpEngine,
  createDumpEngines,
  createMongorestoreEngine,
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
  const { stallMs } = config;
  const engines = createDumpEngines({ version: context.version, stallMs, searchPath: context.searchPath() });
  return chooseDumpEngine({ setting, request, ...engines }, context.signal);
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
