import {
  createNativeDumpEngine,
  createNativeLoadEngine,
  type DumpEngine,
  type DumpRequest,
  type LoadEngine,
} from '#engine';
import type { CliConfig } from '#config';
import type { CliContext } from './context.js';

/** Who reads the database: by setting and by what is there. */
export function selectDumpEngine(
  _setting: 'auto' | 'mongodump' | 'native',
  _request: DumpRequest,
  config: CliConfig,
  context: CliContext,
): Promise<DumpEngine> {
  return Promise.resolve(createNativeDumpEngine({ engineVersion: context.version, stallMs: config.stallMs }));
}

/** Who loads. */
export function createLoadEngine(_name: 'native' | 'mongorestore', _context: CliContext): LoadEngine {
  return createNativeLoadEngine();
}
