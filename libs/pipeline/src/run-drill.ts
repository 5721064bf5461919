import { AppError, cancelled, randomSuffix, throwIfAborted, type DrillReport } from '#contracts';
import { DrillScratch, ledNamespaces, scratchRenames, type LoadReport, type LoadRequest } from '#engine';
import { judgeDrill, lookAtDocuments, type DrillScene } from './drill/compare-drill.js';
import { DigestSource } from './drill/digest-source.js';
import type { DrillDeps, DrillRequest } from './drill/drill-types.js';
import { proveBackup } from './objects/prove-backup.js';
import { runRestore } from './run-restore.js';
import { backupSource } from './sources/backup-source.js';

export type { DrillDeps, DrillRequest } from './drill/drill-types.js';

/**
 * Proves a backup by restoring it: into databases of its own on a scratch target, where everything is compared with the archive as it was read and with
 * the manifest; then they are dropped, whatever happened. A report is no verdict on the backup alone: `outcome` says whether all is equal. It throws what a
 * restore throws. A drill that is killed leaves databases whose markers stand still: the next run of the same drill, or any worker, drops them.
 * One that was fenced off drops what it made itself, and never what its successor made.
 */
export async function runDrill(deps: DrillDeps, request: DrillRequest, signal: AbortSignal): Promise<DrillReport> {
  const lost = new AbortController();
  const running = AbortSignal.any([signal, lost.signal]);
  try {
    throwIfAborted(signal, 'plan');
    const scratch = await DrillScratch.open(request.uri, {
      ...{ runId: request.runId, fence: request.fence, backupId: request.backupId },
      ...{ lease: request.lease, clock: deps.clock },
      onLost: (error) => lost.abort(error),
    });
    try {
      return await drill(deps, request, scratch, running);
    } finally {
      await clear(deps, scratch);
    }
  } catch (error) {
    // Why it was aborted says more than what broke by it.
    if (running.aborted) throw cancelled(running, 'load');
    throw AppError.from(error, 'load');
  }
}

async function drill(
  deps: DrillDeps,
  request: DrillRequest,
  scratch: DrillScratch,
  signal: AbortSignal,
): Promise<DrillReport> {
  const { clock, observer, store, ring } = deps;
  const began = clock.monotonicMs();
  const proven = await proveBackup({ store, ring }, request.backupId, signal, request.recorded ?? null);
  for (const warning of proven.warnings) observer.warning(warning);
  const source = new DigestSource(backupSource({ store, ring, observer }, proven));
  const contents = await source.contents(signal);
  const scratchId = randomSuffix(deps.random, 6);
  const whole = wholeBackup(request);
  const loading = { ...whole, rename: scratchRenames(whole, contents, scratchId) };
  const led = ledNamespaces(loading, contents);
  const scene: DrillScene = { request, proven, source, led, scratchId };
  await scratch.mark([...new Set(led.map(({ db }) => db))]);
  let looked: Awaited<ReturnType<typeof lookAtDocuments>> | undefined;
  let compareMs = 0;
  const look = async (): Promise<void> => {
    // The last steps of a load may be tried again, when indexes may have removed documents already.
    if (looked !== undefined) return;
    const from = clock.monotonicMs();
    observer.stage('compare');
    looked = await lookAtDocuments(scene, signal);
    compareMs += clock.monotonicMs() - from;
  };
  const onProgress: LoadRequest['onProgress'] = ({ documents }) => observer.progress({ documents });
  const report = await load(deps, source, { ...loading, onProgress, onFilled: look }, signal);
  // An archive without a collection has nothing to be filled.
  if (looked === undefined) await look();
  const restoreMs = Math.round(clock.monotonicMs() - began - compareMs);
  if (looked === undefined) throw new Error('nothing was compared');
  const judging = clock.monotonicMs();
  const judged = await judgeDrill(scene, looked, report, signal);
  // What was compared is of this run only while its databases are.
  await scratch.assertOwned();
  return { ...judged, restoreMs, compareMs: Math.round(compareMs + clock.monotonicMs() - judging) };
}

/** What failed behind the renames is no half-done restore here: everything is dropped. */
async function load(
  deps: DrillDeps,
  source: DigestSource,
  request: LoadRequest,
  signal: AbortSignal,
): Promise<LoadReport> {
  try {
    return await runRestore({ ...deps, source }, request, signal);
  } catch (thrown) {
    const error = AppError.from(thrown, 'load');
    throw error.code === 'restore/unfinished' && error.cause instanceof AppError ? error.cause : error;
  }
}

/** The end of a drill must not hide how it went: what cannot be dropped now is told, and dropped by whoever finds it. */
async function clear({ observer }: DrillDeps, scratch: DrillScratch): Promise<void> {
  try {
    const left = await scratch.drop();
    if (left.length > 0)
      observer.warning(`left alone, for they do not bear the marker of this run any more: ${left.join(', ')}`);
  } catch (thrown) {
    const { message } = AppError.from(thrown, 'load');
    observer.warning(`the databases of this drill could not be dropped, a worker does it later: ${message}`);
  } finally {
    await scratch.close().catch(() => undefined);
  }
}

function wholeBackup({ uri, backupId }: DrillRequest): LoadRequest {
  return {
    ...{ uri, backupId, databases: [], include: [], exclude: [], rename: [], mode: 'into-empty', confirm: [] },
    ...{ onConflict: 'fail', ignoreWrites: false, strict: false },
  };
}
