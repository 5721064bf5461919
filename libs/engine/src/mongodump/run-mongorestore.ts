import type { Readable } from 'node:stream';
import { cancelled } from '#contracts';
import type { LoadRequest } from '../engine.js';
import type { ArchiveFeed } from './archive-feed.js';
import { stalled } from './judge-restore.js';
import type { RestoreLog } from './restore-log.js';
import { ToolProcess, type ToolExit } from './tool-process.js';
import { watchStalls } from './watch-stalls.js';

export interface MongorestoreRun {
  readonly path: string;
  readonly args: readonly string[];
  /** Inherited as descriptor 3. */
  readonly config: number;
  readonly feed: ArchiveFeed;
  readonly log: RestoreLog;
  readonly source: Readable;
  readonly request: Pick<LoadRequest, 'onProgress'>;
}

export interface MongorestoreLimits {
  readonly searchPath: string;
  readonly stallMs: number;
  readonly indexStallMs?: number;
  readonly killGraceMs?: number;
}

const indexesAtMostMs = 6 * 60 * 60 * 1000;
const progressEveryMs = 500;

/**
 * Runs the tool to its end. An abort, a stall, and an error of the source or in the archive end it, whatever it is doing, and come out as they are:
 * `run/cancelled`, `engine/stalled`, `archive/…`. When it settles, nothing of the tool is left.
 */
export async function runMongorestore(
  { path, args, config, feed, log, source, request }: MongorestoreRun,
  { searchPath, stallMs, indexStallMs, killGraceMs }: MongorestoreLimits,
  signal: AbortSignal,
): Promise<{ readonly child: ToolProcess; readonly exit: ToolExit }> {
  const child = ToolProcess.start('mongorestore', path, args, {
    input: true,
    searchPath,
    config,
    stage: 'load',
    onLine: (line) => log.take(line),
  });
  // It may end before it has read everything: its exit tells why.
  child.stdin.on('error', () => undefined);
  const broken = Promise.withResolvers<never>();
  const onAbort = () => broken.reject(cancelled(signal, 'load'));
  const onSourceError = (error: Error) => broken.reject(signal.aborted ? cancelled(signal, 'load') : error);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  source.once('error', onSourceError);
  if (source.errored !== null) onSourceError(source.errored);
  const endWatch = watchStalls({
    // A source that gives nothing is not the tool's fault.
    look: () => (feed.waitsForSource ? Symbol('waits for the source') : `${feed.taken} ${log.news}`),
    limitMs: () => (log.buildsIndexes ? (indexStallMs ?? Math.max(indexesAtMostMs, stallMs)) : stallMs),
    onStall: (quietMs) => broken.reject(stalled(quietMs)),
  });
  const progress = setInterval(
    () =>
      request.onProgress?.({
        documents: feed.documents,
        bytes: feed.taken,
        stage: log.buildsIndexes ? 'index' : 'load',
      }),
    progressEveryMs,
  );
  const fed = feed.feed(child.stdin).then(() => child.closed);
  fed.catch(() => undefined);
  try {
    return { child, exit: await Promise.race([broken.promise, fed, child.closed]) };
  } finally {
    endWatch();
    clearInterval(progress);
    signal.removeEventListener('abort', onAbort);
    source.off('error', onSourceError);
    // Wakes a feed that waits for the source.
    source.destroy();
    await child.stop(killGraceMs ?? 5_000);
  }
}
