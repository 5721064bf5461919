import { throwIfAborted, type RestoreReport } from '#contracts';
import {
  createNativeLoadEngine,
  markScratch,
  writtenDatabases,
  type LoadPlan,
  type LoadReport,
  type LoadRequest,
} from '#engine';
import {
  dryRunRestore,
  planRestore,
  planSource,
  proveBackup,
  proveForPlan,
  recordedObjects,
  runRestore,
  safetyNote,
  watchWrites,
  type ProvenBackup,
  type WriteWatch,
} from '#pipeline';
import { cancelWished, fenced, isPoisonous, lostTooOften } from '#catalog';
import type { ClaimedRestore } from './claimed-restore.js';
import type { WorkerParts } from '../core/worker-core.js';
import { checkRestore } from './check-restore.js';
import { fromNearest, fromNearestOrCold, restoreSources, type RestoreSource } from './restore-sources.js';
import { planReport, restoredReport } from './restore-report.js';
import { loadRequestOf } from './restore-request.js';
import { makeSafetyBackup } from './safety-backup.js';

/**
 * One run of a restore (docs/DESIGN.md, "A restore in words"). What an earlier run left in the target decides: what it was loading is removed and begun anew,
 * renames that it had begun are finished. What the primary store cannot give is read from the nearest destination that can, as long as nothing was renamed.
 * A dry run is made of what lies cold, too.
 */
export async function makeRestore(parts: WorkerParts, claimed: ClaimedRestore): Promise<RestoreReport> {
  const { record, claim, observer } = claimed;
  if (isPoisonous(record)) throw lostTooOften(record.restoreId);
  const nearest = record.dryRun ? fromNearestOrCold : fromNearest;
  return nearest(await restoreSources(parts, record.backupId), {
    signal: claim.signal,
    onNext: (text) => observer.warning(text),
    read: (source, keep) => restoreFrom(parts, claimed, source, keep),
  });
}

/** `keep`: from here on no other source is tried. */
async function restoreFrom(
  parts: WorkerParts,
  claimed: ClaimedRestore,
  { store, require, mayBeCold }: RestoreSource,
  keep: () => void,
): Promise<RestoreReport> {
  const { ring, clock, random, config } = parts;
  const { record, claim, observer } = claimed;
  const { signal } = claim;
  const target = checkRestore(config, record);
  await require(signal);
  const recorded = recordedObjects(await parts.catalog.backups.find(record.backupId));
  const prove = mayBeCold === true ? proveForPlan : proveBackup;
  const proven = await prove({ store, ring }, record.backupId, signal, recorded);
  for (const warning of proven.warnings) observer.warning(warning);
  const source = planSource({ store, ring, observer }, proven);
  const contents = await source.contents(signal);
  const request = loadRequestOf(record, target, contents);
  const { leaseMs, beatMs } = config.lease;
  const engine = createNativeLoadEngine({ clock, random, leaseMs, beatMs });
  const deps = { engine, source, observer };
  const began = clock.monotonicMs();
  const elapsedMs = () => Math.round(clock.monotonicMs() - began);
  if (record.dryRun) {
    const dryRun = await dryRunRestore({ ...deps, clock }, request, signal);
    const report = planReport(dryRun, observer.warnings, elapsedMs());
    if (dryRun.refusal === null) return report;
    // It ends as the restore would, and what it found stays.
    if (!(await parts.catalog.restores.finished(claim.ref, report)))
      throw fenced(record.restoreId, 'another claim has taken over');
    throw dryRun.refusal;
  }

  const before = record.claim.fence > 1 ? await engine.putBack?.(request, contents, signal) : 'clear';
  if (before !== 'renaming') {
    // An earlier run came to the very end, and only its record did not.
    if (record.report !== null) return record.report;
    observer.notRenaming();
    if (record.cancelRequestedAt !== null) throw cancelWished(record.restoreId);
    if (record.mode === 'scratch') {
      const { restoreId, backupId } = record;
      observer.scratch = writtenDatabases(request, contents);
      await markScratch(target.uri, observer.scratch, {
        ...{ restoreId, backupId, createdAt: clock.now() },
      });
    }
  }
  const plan = await planRestore(deps, request, signal);
  await beginLoading(parts, claimed);
  observer.expects(expectedOf(plan, proven));
  const safety = before === 'renaming' ? null : await secure(parts, claimed, request, plan);
  const reportOf = (report: LoadReport) =>
    restoredReport(report, plan, [...observer.warnings, ...(safety === null ? [] : [safety.note()])], elapsedMs());
  const report = await runRestore(
    deps,
    {
      ...request,
      onProgress: (progress) => observer.loaded(progress),
      onRenaming: (resumed) => {
        keep();
        return beginRenaming(parts, claimed, safety, resumed);
      },
      onFinished: async (loaded) => {
        if (!(await parts.catalog.restores.finished(claim.ref, reportOf(loaded))))
          throw fenced(record.restoreId, 'another claim has taken over');
      },
    },
    signal,
  ).finally(() => safety?.watch?.close());
  return reportOf(report);
}

/** The record says that something may lie in the target before something does: its end looks after it. */
async function beginLoading({ catalog }: WorkerParts, { record, claim, observer }: ClaimedRestore): Promise<void> {
  if (observer.mayLeave) return;
  if (!(await catalog.restores.beginLoading(claim.ref))) throw fenced(record.restoreId, 'another claim has taken over');
  observer.mayLeave = true;
}

interface Secured {
  /** Null: writes are ignored. */
  readonly watch: WriteWatch | null;
  /** For people; who watched is known after the look just before the renames. */
  note(): string;
}

/** Before anything is replaced there is a backup of it, or nothing is replaced. */
async function secure(
  parts: WorkerParts,
  claimed: ClaimedRestore,
  request: LoadRequest,
  plan: LoadPlan,
): Promise<Secured | null> {
  const replaced = plan.namespaces.filter(({ action }) => action === 'replace');
  if (replaced.length === 0) return null;
  claimed.observer.stage('dump');
  const { signal } = claimed.claim;
  const watch = request.ignoreWrites ? null : await watchWrites(request.uri, replaced, signal);
  try {
    const backupId = await makeSafetyBackup(parts, claimed, replaced);
    return { watch, note: () => safetyNote(backupId, watch) };
  } catch (error) {
    await watch?.close();
    throw error;
  }
}

/** The record says that it only goes forward before the target does: from then on a cancel is refused. */
async function beginRenaming(
  { catalog }: WorkerParts,
  { record, claim, observer }: ClaimedRestore,
  safety: Secured | null,
  resumed: boolean,
): Promise<void> {
  if (!resumed) await safety?.watch?.check(claim.signal);
  throwIfAborted(claim.signal, 'rename');
  await observer.renaming();
  const state = await catalog.restores.beginRenaming(claim.ref, resumed);
  if (state === 'renaming') return;
  observer.notRenaming();
  throw state === 'cancelled'
    ? cancelWished(record.restoreId)
    : fenced(record.restoreId, 'another claim has taken over');
}

function expectedOf(plan: LoadPlan, { manifest }: Pick<ProvenBackup, 'manifest'>) {
  const bytesOf = new Map(
    manifest.namespaces.map(({ db, collection, bsonBytes }) => [`${db}.${collection}`, bsonBytes]),
  );
  const documents = new Map(
    plan.namespaces.map(({ db, collection, documents: count }) => [`${db}.${collection}`, count ?? 0]),
  );
  return { documents, bytes: plan.namespaces.reduce((sum, { from }) => sum + (bytesOf.get(from) ?? 0), 0) };
}
