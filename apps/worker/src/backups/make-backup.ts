import { claimJournal, fenced } from '#catalog';
import { noHooks, type SourceConfig } from '#config';
import { AppError, primaryStore, type BackupRecord } from '#contracts';
import { finishCommit, runBackup, type BackupOutcome } from '#pipeline';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import { requireQuota } from '../cleanup/require-quota.js';
import { choosePlace, placeOf, type Place } from '../replicas/backup-place.js';
import { safetySource } from '../restores/safety-source.js';
import { dumpRequest, type DumpEngines } from '../engines/dump-engines.js';
import { betweenHooks } from './between-hooks.js';
import type { ClaimedBackup } from './claimed-backup.js';

/** Makes the backup of a claimed record between the hooks of its target, or finishes the commit that it holds already: then nothing is dumped, and nobody is asked before. */
export async function makeBackup(
  live: WorkerParts,
  engines: DumpEngines,
  claimed: ClaimedBackup,
): Promise<{ readonly outcome: BackupOutcome; readonly place: Place }> {
  const place = await openPlace(live, claimed);
  // With the keys of now: they may be read again while a hook is asked.
  const outcome = await makeAt({ ...live, store: place.store }, engines, claimed, place.name === primaryStore);
  if (place.name === primaryStore) return { outcome, place };
  const warning = `The primary store was away: written to the destination ${place.name}, and brought home when it is back`;
  return { outcome: { ...outcome, warnings: [...outcome.warnings, warning] }, place };
}

/** Before anything is written: an unmounted volume must not become a store of its own. What is committed is finished where it was begun. */
async function openPlace(parts: WorkerParts, { record, claim }: ClaimedBackup): Promise<Place> {
  if (record.commit !== null) {
    const place = placeOf(parts, record);
    await place.require(claim.signal);
    return place;
  }
  const place = await choosePlace(parts, record, claim.signal);
  const name = place.name === primaryStore ? null : place.name;
  // Known before the first write: whoever takes over must find a commit where it is.
  if (name !== record.place && !(await parts.catalog.backups.writeTo(claim.ref, name)))
    throw fenced(record.backupId, 'another claim has taken over');
  return place;
}

async function makeAt(
  parts: WorkerParts,
  engines: DumpEngines,
  claimed: ClaimedBackup,
  isPrimary: boolean,
): Promise<BackupOutcome> {
  const { record } = claimed;
  const target = record.trigger === 'safety' ? undefined : targetOf(parts.config, record.target);
  const hooks = target?.boundHooks ?? noHooks;
  if (record.commit !== null)
    return betweenHooks(parts, claimed, { ...hooks, before: [] }, () => finish(parts, claimed));
  const source = record.trigger === 'safety' ? await safetySource(parts, record) : target;
  if (source === undefined) throw unknownTarget(record.target);
  // What a restore would replace is saved in any case; a destination was asked for its own room when it was chosen.
  if (record.trigger !== 'safety' && isPrimary) await requireQuota(parts, record);
  return betweenHooks(parts, claimed, hooks, () => dump(parts, engines, claimed, source));
}

function finish({ store, ring, catalog }: WorkerParts, { record, claim, observer }: ClaimedBackup) {
  const { backupId, commit } = record;
  if (commit === null) throw new Error(`${backupId} has no commit to finish`);
  const journal = claimJournal(catalog.backups, claim);
  const request = { backupId, attempt: commit.attempt, bytes: Buffer.from(commit.bytes, 'utf8') };
  return finishCommit({ store, ring, observer, journal }, request, claim.signal);
}

async function dump(
  { store, ring, keys, clock, random, config, catalog }: WorkerParts,
  engines: DumpEngines,
  { record, claim, observer }: ClaimedBackup,
  source: SourceConfig,
): Promise<BackupOutcome> {
  const { signal } = claim;
  const journal = claimJournal(catalog.backups, claim);
  const { throttleBytesPerSecond, storeThrottleBytesPerSecond } = source;
  return runBackup(
    {
      store,
      ring,
      kdfSalt: keys.kdfSalt,
      clock,
      random,
      observer,
      journal,
      engine: await engines.choose(source, signal),
    },
    {
      backupId: record.backupId,
      target: source.name,
      attempt: claim.ref.fence,
      trigger: record.trigger,
      dump: { ...dumpRequest(source), ...(isSnapshotTooOld(record) ? { snapshot: false } : {}) },
      compression: source.compression,
      label: record.label,
      pinned: record.pinned,
      retentionDays: source.retention.retentionDays,
      reserveBytes: config.directoryReserveBytes,
      ...(throttleBytesPerSecond === null ? {} : { throttleBytesPerSecond }),
      ...(storeThrottleBytesPerSecond === null ? {} : { storeThrottleBytesPerSecond }),
    },
    signal,
  );
}

/** The attempt before outlived its snapshot, as this one would. */
function isSnapshotTooOld({ error }: BackupRecord): boolean {
  return error?.code === 'engine/snapshot-too-old';
}

function unknownTarget(target: string): AppError {
  return new AppError({
    code: 'target/unknown',
    stage: 'config',
    // The API may have read its file again a moment before this worker does.
    retry: 'retry',
    message: `This worker knows no target ${target}`,
    hint: 'Give all processes the same BACKUP_TARGETS_FILE (or BACKUP_TARGET_NAME)',
  });
}
