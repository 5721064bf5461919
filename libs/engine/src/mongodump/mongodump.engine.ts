import { Transform, type TransformCallback } from 'node:stream';
import { AppError, cancelled, throwIfAborted } from '#contracts';
import type { Dump, DumpEngine, DumpProbe, DumpRequest, DumpResult } from '../engine.js';
import { dumpArguments } from './dump-arguments.js';
import { findTool, type Tool } from './find-tool.js';
import { withPrivateConfig } from './private-config.js';
import { ToolProcess } from './tool-process.js';
import { toolUri } from './tool-uri.js';
import { watchStalls } from './watch-stalls.js';

export interface MongodumpOptions {
  /** Where to look for the tool: a PATH. */
  readonly searchPath: string;
  /** For the private configuration file. */
  readonly tmpDir: string;
  /** Without a byte for so long it has failed. */
  readonly stallMs: number;
  /** From asking to end to ending. Default 5,000. */
  readonly killGraceMs?: number;
  /** Looks at the server: reach, databases, estimate. The native engine's. */
  readonly probe: (request: DumpRequest, signal: AbortSignal) => Promise<DumpProbe>;
}

/** Dumps by the official mongodump. */
export function createMongodumpEngine(options: MongodumpOptions): DumpEngine {
  return {
    name: 'mongodump',
    probe: async (request, signal) => {
      const tool = await findTool(options.searchPath, 'mongodump');
      // What it cannot do at all needs no look at the server.
      if (request.oplog === true) argumentsFor(request);
      const probe = await options.probe(request, signal);
      argumentsFor(request);
      return { ...probe, engine: { name: 'mongodump', version: tool.version } };
    },
    dump: async (request, _probe, signal) =>
      startDump(await findTool(options.searchPath, 'mongodump'), request, options, signal),
  };
}

async function startDump(
  tool: Tool,
  request: DumpRequest,
  options: MongodumpOptions,
  signal: AbortSignal,
): Promise<Dump> {
  const args = argumentsFor(request);
  const uri = await toolUri(request.uri);
  throwIfAborted(signal, 'dump');
  return new Promise((resolve, reject) => {
    const running = withPrivateConfig(options.tmpDir, uri, async (config) => {
      const child = ToolProcess.start('mongodump', tool.path, [config.argument, '--archive', ...args], {
        input: false,
        searchPath: options.searchPath,
        config: config.descriptor,
        stage: 'dump',
      });
      const { stream, ended } = watch(child, options, signal);
      resolve({ stream, result });
      await ended;
    });
    // Of what moment an oplog makes it, its last entry tells: whoever reads the archive knows.
    const mode = request.oplog === true ? 'oplog' : 'none';
    const result = running.then((): DumpResult => ({ consistency: { mode, at: null }, warnings: [] }));
    result.catch(reject);
  });
}

/** Ties child, stream, abort and stall watchdog together: whichever ends first ends the others. `ended` settles when the child is gone. */
function watch(
  child: ToolProcess,
  options: MongodumpOptions,
  signal: AbortSignal,
): { stream: VerdictStream; ended: Promise<void> } {
  const stream = new VerdictStream(child);
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  stream.on('error', () => undefined);
  child.stdout.on('error', (error) => stream.destroy(error));
  child.stdout.pipe(stream);
  const onAbort = (): void => void stream.destroy(cancelled(signal, 'dump'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const endWatch = watchStalls({
    // A consumer that takes nothing is not the tool's fault.
    look: () => (stream.readableLength > 0 ? Symbol('waits for its consumer') : stream.bytes),
    limitMs: () => options.stallMs,
    onStall: () => stream.destroy(stalled(options.stallMs)),
  });
  child.closed.catch((error: unknown) => stream.destroy(error as Error));
  const end = async (): Promise<void> => {
    await closed;
    endWatch();
    signal.removeEventListener('abort', onAbort);
    await child.stop(options.killGraceMs ?? 5_000);
    if (stream.errored !== null) throw stream.errored;
    if (!stream.readableEnded) throw letGo();
  };
  return { stream, ended: end() };
}

/** The archive as it comes from the tool; cannot end before the tool has, with code 0 and no signal, and not without a byte. */
class VerdictStream extends Transform {
  bytes = 0;

  constructor(private readonly child: ToolProcess) {
    super({ readableHighWaterMark: 1024 * 1024, writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.child.closed.then((exit) => {
      const failure = this.child.failure(exit);
      done(failure ?? (this.bytes === 0 ? noOutput() : null));
    }, done);
  }
}

function argumentsFor(request: DumpRequest): string[] {
  const found = dumpArguments(request);
  if ('args' in found) return found.args;
  throw new AppError({
    code: 'engine/unsupported',
    stage: 'probe',
    message: `mongodump cannot do this: ${found.reason}`,
    hint: 'Use --engine native, or auto',
  });
}

function stalled(stallMs: number): AppError {
  return new AppError({
    code: 'engine/stalled',
    stage: 'dump',
    retry: 'retry',
    message: `mongodump has given no byte for ${Math.round(stallMs / 1000)} s and was ended`,
    hint: 'Look at the load of the server and the network; BACKUP_STALL_SECONDS sets how long to wait',
  });
}

function letGo(): AppError {
  return new AppError({
    code: 'run/cancelled',
    stage: 'dump',
    message: 'The dump was let go before its end',
    hint: 'What let it go tells why; the backup is made anew',
  });
}

function noOutput(): AppError {
  return new AppError({
    code: 'engine/no-output',
    stage: 'dump',
    message: 'mongodump ended without an error and without a single byte',
    hint: 'It does so for a collection that does not exist: check --include',
  });
}
