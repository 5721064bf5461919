import { setTimeout as delay } from 'node:timers/promises';
import { cancelWished, claimJournal, fenced, HeldClaim, type Catalog } from '#catalog';
import { noHooks, type CatalogAccess, type StoreConfig } from '#config';
import { AppError, recordedPart, type BackupRecord } from '#contracts';
import type { Hooks } from '#hooks';
import {
  bindStore,
  completedFacts,
  runBackup,
  type BackupDeps,
  type BackupOutcome,
  type BackupRequest,
  type RunObserver,
} from '#pipeline';
import { betweenHooks } from './between-hooks.js';
import type { CliContext } from './context.js';
import { ownerOf } from './open-catalog.js';

export interface Recording {
  readonly catalog: Catalog;
  readonly access: CatalogAccess;
  readonly store: StoreConfig;
  /** Absent: none. */
  readonly hooks?: Hooks;
  /** What else the record shall say of a backup that stands. Never fails. */
  readonly beforeRecord?: (made: BackupOutcome, signal: AbortSignal) => Promise<BackupOutcome>;
}

/** How often a claim asks its clock what is due, and looks for a wish to cancel. */
const tickMs = 250;
const lookMs = 2_000;
const persistPauseMs = 1_000;

/**
 * A backup with a record of its own (`trigger: cli`, or `safety` before a restore replaces something), claimed under a lease as a worker's: API and retention see it at once, its target makes no second one
 * meanwhile, and `POST …/cancel` ends it. When this process dies before the commit the reaper of any API or worker fails the record (`owner-gone`); after it
 * any worker finishes it.
 */
export async function runRecordedBackup(
  deps: BackupDeps,
  request: BackupRequest,
  recording: Recording,
  context: CliContext,
): Promise<BackupOutcome> {
  const { catalog } = recording;
  const { store, clock, random } = deps;
  const { storeId } = await bindStore({ binding: catalog.settings, store, clock, random }, context.signal);
  const claimedAt = clock.monotonicMs();
  const { backupId, claim: taken } = await insertAndClaim(catalog, request, context);
  const { leaseMs, beatMs } = recording.access;
  const claim = new HeldClaim(
    catalog.backups,
    { id: backupId, fence: taken.fence },
    {
      ...{ clock, claimedAt, times: { leaseMs, beatMs, lookMs, tickMs } },
      onTrouble: (error) => context.warn(`The heart-beat failed: ${AppError.from(error, 'claim').message}`),
    },
  );
  const cancel = () => claim.abort(cancelWished(backupId));
  context.signal.addEventListener('abort', cancel);
  if (context.signal.aborted) cancel();
  try {
    const journal = claimJournal(catalog.backups, claim);
    const observer = recorded(deps.observer, catalog, claim);
    const claimed = { ...request, attempt: taken.fence };
    const { hooks = noHooks, beforeRecord = same } = recording;
    const made = await betweenHooks({ hooks, observer }, claimed, claim.signal, context, () =>
      runBackup({ ...deps, observer, journal }, claimed, claim.signal),
    );
    const outcome = await beforeRecord(made, claim.signal);
    claim.ending();
    await complete(outcome, storeId, recording, context);
    return outcome;
  } catch (error) {
    claim.ending();
    throw await endRecord(catalog, claim, error, context);
  } finally {
    context.signal.removeEventListener('abort', cancel);
    await claim.stop();
  }
}

const same = (made: BackupOutcome) => Promise.resolve(made);

async function insertAndClaim(
  { backups }: Catalog,
  request: BackupRequest,
  context: CliContext,
): Promise<BackupRecord> {
  const { backupId, target, trigger, label, pinned } = request;
  const createdAt = context.clock.now();
  const correlationId = context.random.bytes(16).toString('hex');
  const inserted = await backups.insert({
    ...{ backupId, target, trigger, slot: null, correlationId, createdAt, label, pinned, jobNumber: 0 },
    part: recordedPart(request),
  });
  const record = inserted.outcome === 'inserted' ? await backups.claim(backupId, ownerOf(context), createdAt) : null;
  if (record !== null) return record;
  const runningId = inserted.outcome === 'busy' ? inserted.runningId : backupId;
  throw new AppError({
    code: 'backup/already-running',
    stage: 'claim',
    message: `A backup of ${target} is running or waiting already: ${runningId}`,
    hint: 'Wait until it has ended (hazina list shows it then), or cancel it: POST /api/admin/backups/ID/cancel',
    details: { runningId },
  });
}

/** What the look at the server found goes to the record as well; that it cannot be written now fails no backup. */
function recorded(observer: RunObserver, { backups }: Catalog, claim: HeldClaim): RunObserver {
  return {
    stage: (stage) => observer.stage(stage),
    progress: (progress) => observer.progress(progress),
    warning: (text) => observer.warning(text),
    probed(probe) {
      observer.probed?.(probe);
      const { engine, databases } = probe;
      const database = databases.length === 1 ? (databases[0] ?? '*') : '*';
      backups.started(claim.ref, { database, engine }).catch(() => undefined);
    },
  };
}

/** `→ completed`. The backup stands: a catalogue that stays away for the lease time is told so by a worker, which finds the commit on the record. */
async function complete(
  outcome: BackupOutcome,
  storeId: string,
  { catalog, access, store }: Recording,
  context: CliContext,
): Promise<void> {
  const { clock, signal } = context;
  const { backupId } = outcome.backup;
  const facts = completedFacts(outcome, { prefix: store.kind === 's3' ? store.prefix : '', storeId, resources: null });
  const until = clock.monotonicMs() + access.leaseMs;
  for (;;) {
    try {
      if (await catalog.backups.complete(backupId, facts)) return;
      throw fenced(backupId, 'its record has moved on without this run');
    } catch (thrown) {
      const error = AppError.from(thrown, 'catalog');
      if (error.retry !== 'retry') throw error;
      if (clock.monotonicMs() >= until || signal.aborted) {
        context.warn(`${backupId} is complete, and its record is not yet: a worker completes it (${error.message})`);
        return;
      }
    }
    await delay(persistPauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Writes how a run ended that did not succeed; the error that it ended with. What cannot be written, the reaper finds out. */
async function endRecord(catalog: Catalog, claim: HeldClaim, thrown: unknown, context: CliContext): Promise<AppError> {
  const isCommitted = thrown instanceof AppError && thrown.details['committed'] === true;
  const reason: unknown = claim.signal.reason;
  const error = !isCommitted && reason instanceof AppError ? reason : AppError.from(thrown, 'dump');
  if (error.code === 'run/fenced') return error;
  const at = context.clock.now();
  const failure = { error, at };
  const { backups } = catalog;
  try {
    const isOver =
      !isCommitted &&
      (error.code === 'run/cancelled'
        ? await backups.cancelled(claim.ref, at)
        : await backups.fail(claim.ref, failure, null));
    // Its commit was recorded: from here on any worker finishes it.
    if (!isOver && error.code !== 'commit/conflict') await backups.retryLater(claim.ref, failure, at);
  } catch (trouble) {
    context.warn(`How the backup ended could not be recorded: ${AppError.from(trouble, 'catalog').message}`);
  }
  return error;
}
