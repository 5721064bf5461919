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
import { tmpdir } from 'node:os';
import type { CliContext } from './context.js';

export async function selectDumpEngine(
  setting: 'auto' | 'mongodump' | 'native',
  request: DumpRequest,
  config: CliConfig,
  context: CliContext,
): Promise<DumpEngine> {
  throw new Error('x');
}
