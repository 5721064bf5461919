import { AppError } from '#contracts';
import type { DumpEngine, DumpRequest } from './engine.js';

export interface EngineChoice {
  readonly setting: 'auto' | 'mongodump' | 'native';
  readonly request: DumpRequest;
  readonly native: DumpEngine;
  /** The mongodump engine, or why it cannot be used here. */
  readonly mongodump: () => Promise<DumpEngine>;
  /** Why mongodump cannot serve the request; null when it can. */
  readonly cannotServe: (request: DumpRequest) => Promise<string | null>;
}

/** `auto`: mongodump where it is found and able, else native. `mongodump` refuses what it cannot do. */
export async function chooseDumpEngine(choice: EngineChoice): Promise<DumpEngine> {
  if (choice.setting === 'native') return choice.native;
  const reason = await choice.cannotServe(choice.request);
  if (choice.setting === 'auto' && reason !== null) return choice.native;
  if (reason !== null) {
    throw new AppError({
      code: 'engine/unsupported',
      stage: 'probe',
      message: `mongodump cannot do this: ${reason}`,
      hint: 'Use the native engine: --engine native, or auto',
    });
  }
  try {
    return await choice.mongodump();
  } catch (error) {
    if (choice.setting === 'auto') return choice.native;
    throw error;
  }
}
