import type { ClientSession } from 'mongodb';
import { AppError, cancelled } from '#contracts';
import {
  connect,
  describeServer,
  translateMongoError,
  type Connection,
  type ServerDescription,
} from '../../connection/index.js';
import type { Dump, DumpEngine, DumpProbe, DumpRequest, DumpResult } from '../../engine.js';
import { DumpRun } from './dump-run.js';
import { estimateBytes } from './estimate.js';
import { planDump, type DumpPlan } from './plan-dump.js';
import { resolveDatabases } from './resolve-databases.js';
import { snapshotDecision } from './snapshot.js';

export interface NativeDumpOptions {
  /** Version of Hazina: the engine's own. */
  readonly engineVersion: string;
  /** A server that sends nothing for so long has failed. Default 120,000. */
  readonly stallMs?: number;
  /** Collections read at the same time; more take memory and, on few cores, no less time. Default 2. */
  readonly parallelCollections?: number;
}

/** Dumps through the driver: the archive that mongodump would write, without mongodump. */
export function createNativeDumpEngine(options: NativeDumpOptions): DumpEngine {
  return {
    name: 'native',
    probe: (request, signal) => withServer(request, signal, (look) => probe(look, request, options)),
    dump: (request, _probe, signal) => startDump(request, options, signal),
  };
}

interface Look {
  readonly connection: Connection;
  readonly server: ServerDescription;
  readonly session: ClientSession;
}

async function probe(look: Look, request: DumpRequest, options: NativeDumpOptions): Promise<DumpProbe> {
  const databases = await resolveDatabases(look.connection, request, look.session);
  const { warnings } = await planDump(look.connection, look.server, request, databases, look.session);
  return {
    engine: { name: 'native', version: options.engineVersion },
    server: { version: look.server.version, topology: look.server.topology },
    databases: databases.names,
    estimatedBytes: await estimateBytes(look.connection, databases.names, look.session),
    warnings,
  };
}

async function startDump(request: DumpRequest, options: NativeDumpOptions, signal: AbortSignal): Promise<Dump> {
  const look = await open(request, signal);
  let plan: DumpPlan;
  let snapshot: boolean;
  const warnings: string[] = [];
  try {
    const databases = await resolveDatabases(look.connection, request, look.session);
    plan = await planDump(look.connection, look.server, request, databases, look.session);
    const estimate = await estimateBytes(look.connection, databases.names, look.session);
    const decision = await snapshotDecision(look.connection, look.server, estimate, look.session);
    ({ snapshot } = decision);
    if (decision.warning !== undefined) warnings.push(decision.warning);
  } catch (error) {
    await look.connection.close();
    throw translateMongoError(error, 'source', 'probe');
  }
  const run = new DumpRun({
    connection: look.connection,
    server: look.server,
    namespaces: plan.namespaces,
    snapshot,
    parallelCollections: options.parallelCollections ?? 2,
    engineVersion: options.engineVersion,
    warn: (text) => warnings.push(text),
  });
  return watch(run, look.connection, options.stallMs ?? 120_000, signal, () => [...plan.warnings, ...warnings]);
}

/** Ties run, stream, abort and stall watchdog together: whichever ends first ends the others, and the connection. */
function watch(
  run: DumpRun,
  connection: Connection,
  stallMs: number,
  signal: AbortSignal,
  warnings: () => string[],
): Dump {
  const stream = run.output;
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  // Whoever drinks from the stream hears of its errors; without this one they would end the process when nobody does.
  stream.on('error', () => undefined);
  const onAbort = (): void => void stream.destroy(cancelled(signal, 'dump'));
  signal.addEventListener('abort', onAbort, { once: true });
  const watchdog = watchForStalls(run, stallMs);

  const result = (async (): Promise<DumpResult> => {
    // A destroyed stream ends the readers by closing the connection that they wait on.
    const ended = closed.then(() => connection.close());
    try {
      await run.run();
    } catch (error) {
      stream.destroy(signal.aborted ? cancelled(signal, 'dump') : translateMongoError(error, 'source', 'dump'));
    }
    await ended;
    clearInterval(watchdog);
    signal.removeEventListener('abort', onAbort);
    if (stream.errored !== null) throw stream.errored;
    return { consistency: run.consistency, warnings: warnings() };
  })();
  result.catch(() => undefined);
  return { stream, result };
}

/** Destroys the stream when the server sends nothing for `stallMs`. A consumer that takes nothing is not the server's fault. */
function watchForStalls(run: DumpRun, stallMs: number): NodeJS.Timeout {
  let bytes = run.bytes;
  let since = performance.now();
  return setInterval(
    () => {
      if (run.bytes !== bytes || run.output.readableLength > 0) {
        bytes = run.bytes;
        since = performance.now();
      } else if (performance.now() - since > stallMs) run.output.destroy(stalled(stallMs));
    },
    Math.min(stallMs, 1000),
  );
}

function stalled(stallMs: number): AppError {
  return new AppError({
    code: 'engine/stalled',
    stage: 'dump',
    retry: 'retry',
    message: `The server has sent nothing for ${Math.round(stallMs / 1000)} s`,
    hint: 'Look at the load of the server and the network; BACKUP_STALL_SECONDS sets how long to wait',
  });
}

async function open(request: DumpRequest, signal: AbortSignal): Promise<Look> {
  if (signal.aborted) throw cancelled(signal, 'probe');
  const connection = await connect(request.uri, 'source');
  try {
    const server = await describeServer(connection, 'source');
    return { connection, server, session: connection.client.startSession({ causalConsistency: false }) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function withServer<T>(
  request: DumpRequest,
  signal: AbortSignal,
  action: (look: Look) => Promise<T>,
): Promise<T> {
  const look = await open(request, signal);
  try {
    return await action(look);
  } catch (error) {
    throw translateMongoError(error, 'source', 'probe');
  } finally {
    await look.connection.close();
  }
}
