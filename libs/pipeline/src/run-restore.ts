import { addAbortSignal } from 'node:stream';
import { readArchive } from '#archive';
import { AppError, cancelled, throwIfAborted } from '#contracts';
import type { LoadEngine, LoadPlan, LoadReport, LoadRequest } from '#engine';
import type { RunObserver } from './deps.js';
import type { ArchiveSource } from './sources/archive-source.js';

export interface RestoreDeps {
  readonly engine: LoadEngine;
  readonly source: ArchiveSource;
  readonly observer: RunObserver;
}

/** What a restore would do. Nothing is written. */
export async function planRestore(deps: RestoreDeps, request: LoadRequest, signal: AbortSignal): Promise<LoadPlan> {
  deps.observer.stage('plan');
  return deps.engine.plan(request, await deps.source.contents(signal), signal);
}

/**
 * Restores an archive. The native engine reads it once and changes no name of the target before its last block was verified; mongorestore writes as it reads,
 * so the whole archive is read and verified first.
 */
export async function runRestore(deps: RestoreDeps, request: LoadRequest, signal: AbortSignal): Promise<LoadReport> {
  try {
    const plan = await planRestore(deps, request, signal);
    for (const warning of plan.warnings ?? []) deps.observer.warning(warning);
    if (deps.engine.name === 'mongorestore') {
      deps.observer.stage('verify');
      const summary = await readArchive(addAbortSignal(signal, await deps.source.open(signal)));
      deps.source.check?.(summary);
      throwIfAborted(signal, 'verify');
    }
    deps.observer.stage('load');
    // mongorestore's verdict on what it skips is in its log: it is given the archive that was verified.
    // Users and roles stand beside the collections that are chosen.
    const only = deps.engine.name === 'native' && request.usersAndRoles !== true ? request : undefined;
    return await deps.engine.load(request, await deps.source.open(signal, only), signal);
  } catch (error) {
    // A restore that began its renames goes on after a cancel, and its own error says so.
    if (signal.aborted && !(error instanceof AppError)) throw cancelled(signal, 'load');
    throw AppError.from(error, 'load');
  }
}
