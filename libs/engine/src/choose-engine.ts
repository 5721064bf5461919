import type { DumpEngine, DumpRequest } from './engine.js';
import { AppError } from '#contracts';
import { dumpArguments } from './mongodump/dump-arguments.js';
import { noOplogHere } from './native/dump/require-oplog.js';

export interface EngineChoice {
  readonly setting: 'auto' | 'mongodump' | 'native';
  readonly request: DumpRequest;
  readonly native: DumpEngine;
  readonly mongodump: DumpEngine;
}

/** mongodump has no way to leave a database out: with something of ours on a server that is dumped whole, the native engine must do it. */
const leftOut = /was left out|were left out/;

/**
 * `auto`: mongodump where it is found and able, else native; why it was passed over shows in nothing but the backup's `engine`. `mongodump` refuses what it cannot do.
 * Looks at the server only when the answer depends on it.
 */
export async function chooseDumpEngine(
  { setting, request, native, mongodump }: EngineChoice,
  signal: AbortSignal,
): Promise<DumpEngine> {
  if (request.oplog === true) return chooseForOplog({ setting, request, mongodump }, signal);
  if (setting === 'native') return native;
  const able = 'args' in dumpArguments(request);
  if (setting === 'auto' && !able) return native;
  try {
    const { warnings } = await mongodump.probe(request, signal);
    const [reason] = warnings.filter((warning) => leftOut.test(warning));
    if (reason === undefined) return mongodump;
    if (setting === 'auto') return native;
    throw cannotLeaveOut(reason, 'Use --engine native, or auto');
  } catch (error) {
    // Unreachable servers and unknown databases are the same for both; only the tool itself may be missing.
    if (setting === 'auto' && error instanceof AppError && error.code.startsWith('engine/')) return native;
    throw error;
  }
}

/** Only mongodump has it: nothing else will do, and what it cannot do is refused. */
async function chooseForOplog(
  { setting, request, mongodump }: Omit<EngineChoice, 'native'>,
  signal: AbortSignal,
): Promise<DumpEngine> {
  if (setting === 'native') throw noOplogHere();
  const { warnings } = await mongodump.probe(request, signal);
  const [reason] = warnings.filter((warning) => leftOut.test(warning));
  if (reason === undefined) return mongodump;
  throw cannotLeaveOut(
    reason,
    'Leave --oplog (BACKUP_OPLOG, oplog of the target) out: of a replica set the native engine reads all collections at one moment',
  );
}

function cannotLeaveOut(reason: string, hint: string): AppError {
  return new AppError({
    code: 'engine/unsupported',
    stage: 'probe',
    message: `mongodump cannot leave anything out, but must: ${reason}`,
    hint,
  });
}
