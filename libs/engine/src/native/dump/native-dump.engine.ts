import { AppError, cancelled, throwIfAborted } from '#contracts';
import { connectToOneServer } from '../../connection/index.js';
import type { Dump, DumpEngine, DumpProbe, DumpRequest, DumpResult } from '../../engine.js';
import { describeCollections } from './describe-collections.js';
import { dumpFailure } from './dump-failure.js';
import { DumpRun } from './dump-run.js';
import { estimateBytes } from './estimate.js';
import type { Look } from './look.js';
import { planDump } from './plan-dump.js';
import { noOplogHere, requireOplog } from './require-oplog.js';
import { Snapshot } from './snapshot.js';

export interface NativeDumpOptions {
  /** Version of Hazina: the engine's own. */
  readonly engineVersion: string;
  /** A server that says nothing for so long when it was asked has failed. Default 120,000; `socketTimeoutMS` in the URI wins. */
  readonly stallMs?: number;
  /** Collections read at the same time; more take memory and, on few cores, no less time. Default 2. */
  readonly parallelCollections?: number;
  /** Bytes of documents in one reply of the server, about. Default 2 MiB. */
  readonly replyBytes?: number;
}

const defaults = { stallMs: 120_000, parallelCollections: 2, replyBytes: 2 * 1024 * 1024 };

/** Dumps through the driver: the archive that mongodump would write, without mongodump. */
export function createNativeDumpEngine(options: NativeDumpOptions): DumpEngine {
  const settings = { ...defaults, ...options };
  return {
    name: 'native',
    probe: (request, signal) => probe(request, settings, signal),
    dump: (request, _probe, signal) => startDump(request, settings, signal),
  };
}

type Settings = Required<NativeDumpOptions>;

async function probe(request: DumpRequest, settings: Settings, signal: AbortSignal): Promise<DumpProbe> {
  const look = await open(request, settings, signal);
  try {
    return await unlessAborted(look, signal, async () => {
      if (request.oplog === true) await requireOplog(look);
      const plan = await planDump(look, request);
      return {
        engine: { name: 'native', version: settings.engineVersion },
        server: { version: look.server.version, topology: look.server.topology },
        databases: plan.databases,
        estimatedBytes: await estimateBytes(look, request, plan),
        warnings: plan.warnings,
      };
    });
  } finally {
    await close(look);
  }
}

async function startDump(request: DumpRequest, settings: Settings, signal: AbortSignal): Promise<Dump> {
  if (request.oplog === true) throw noOplogHere();
  const look = await open(request, settings, signal, settings.parallelCollections + 1);
  let run: DumpRun;
  try {
    run = await unlessAborted(look, signal, async () => {
      const plan = await planDump(look, request);
      const warnings = [...plan.warnings];
      const collections = await describeCollections(look, plan.collections, warnings);
      const snapshot = await Snapshot.take(look, collections, request);
      return new DumpRun({
        ...settings,
        look,
        collections,
        authorization: plan.authorization,
        snapshot,
        signal,
        warnings,
      });
    });
  } catch (error) {
    await destroy(look);
    throw error;
  }
  return follow(run, look, settings, signal);
}

/** Ties run, stream and signal together: whichever ends first ends the others, and the connection. */
function follow(run: DumpRun, look: Look, settings: Settings, signal: AbortSignal): Dump {
  const stream = run.output;
  // Whoever drinks from the stream hears of its errors; without this one they would end the process when nobody does.
  stream.on('error', () => undefined);
  const onAbort = (): void => void stream.destroy(cancelled(signal, 'dump'));
  signal.addEventListener('abort', onAbort, { once: true });
  // Whatever ends the stream: readers that wait for an answer wait no longer.
  const closed = new Promise<void>((resolve) => stream.once('close', resolve)).then(async () => {
    if (stream.readableEnded) return close(look);
    // A server that does not answer would not hear of it, and waiting for it takes time.
    if (!isSilent(stream.errored)) await run.release();
    await destroy(look);
  });

  const work = async (): Promise<DumpResult> => {
    try {
      if (signal.aborted) throw cancelled(signal, 'dump');
      const outcome = await run.run();
      stream.finish();
      await closed;
      if (stream.readableEnded) return outcome;
      throw stream.errored ?? letGo();
    } catch (error) {
      // Destroyed already: then that was the cause, and this is what came of it.
      const cause = stream.destroyed ? (stream.errored ?? letGo()) : dumpFailure(error, 'dump', settings.stallMs);
      stream.destroy(cause);
      await closed;
      throw cause;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };
  const result = work();
  // For those who only look at the stream.
  result.catch(() => undefined);
  return { stream, result };
}

function isSilent(error: unknown): boolean {
  return error instanceof AppError && (error.code === 'engine/stalled' || error.code === 'source/unreachable');
}

function letGo(): AppError {
  return new AppError({
    code: 'run/cancelled',
    stage: 'dump',
    message: 'Nobody wanted the rest of the dump',
    hint: 'The step after the dump failed: look at its error',
  });
}

/** `connections`: made ahead. One is always free then, so that cursors are ended without a handshake with a server that says nothing. */
async function open(request: DumpRequest, settings: Settings, signal: AbortSignal, connections = 0): Promise<Look> {
  throwIfAborted(signal, 'probe');
  const { connection, server } = await connectToOneServer(request.uri, 'source', {
    silenceTimeoutMs: settings.stallMs,
    minPoolSize: connections,
    signal,
  });
  return { connection, server, session: connection.client.startSession({ causalConsistency: false }) };
}

/** A look at the server that an abort ends at once, also while the server says nothing. */
async function unlessAborted<T>(look: Look, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const onAbort = (): void => void destroy(look);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    throwIfAborted(signal, 'probe');
    const outcome = await work();
    throwIfAborted(signal, 'probe');
    return outcome;
  } catch (error) {
    throw signal.aborted ? cancelled(signal, 'probe') : dumpFailure(error, 'probe', 0);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Never fails: what was to be had of the server is at hand, or the error that counts is. */
async function close({ connection }: Look): Promise<void> {
  await connection.close().catch(() => undefined);
}

async function destroy({ connection }: Look): Promise<void> {
  await connection.destroy().catch(() => undefined);
}
