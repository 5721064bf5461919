import { claimJournal } from '#catalog';
import { noHooks, type SourceConfig } from '#config';
import { AppError } from '#contracts';
import { finishCommit, requireStore, runBackup, type BackupOutcome } from '#pipeline';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import { requireQuota } from '../cleanup/require-quota.js';
import { safetySource } from '../restores/safety-source.js';
import { dumpRequest, type DumpEngines } from '../engines/dump-engines.js';
import { betweenHooks } from './between-hooks.js';
import type { ClaimedBackup } from './claimed-backup.js';

/** Makes the backup of a claimed record between the hooks of its target, or finishes the commit that it holds already: then nothing is dumped, and nobody is asked before. */
export async function makeBackup(
  live: WorkerParts,
  engines: DumpEngines,
  claimed: ClaimedBackup,
): Promise<BackupOutcome> {
  // With the keys of now: they may be read again while a hook is asked.
  const parts = { ...live };
  const { record, claim } = claimed;
  // Before anything is written: an unmounted volume must not become a store of its own.
  await requireStore(parts.store, parts.storeId, claim.signal);
  const target = record.trigger === 'safety' ? undefined : targetOf(parts.config, record.target);
  const hooks = target?.boundHooks ?? noHooks;
  if (record.commit !== null)
    return betweenHooks(parts, claimed, { ...hooks, before: [] }, () => finish(parts, claimed));
  const source = record.trigger === 'safety' ? await safetySource(parts, record) : target;
  if (source === undefined) throw unknownTarget(record.target);
  // What a restore would replace is saved in any case.
  if (record.trigger !== 'safety') await requireQuota(parts, record.target);
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
  { store, ring, clock, random, config, catalog }: WorkerParts,
  engines: DumpEngines,
  { record, claim, observer }: ClaimedBackup,
  source: SourceConfig,
): Promise<BackupOutcome> {
  const { signal } = claim;
  const journal = claimJournal(catalog.backups, claim);
  const { throttleBytesPerSecond, storeThrottleBytesPerSecond } = source;
  return runBackup(
    { store, ring, clock, random, observer, journal, engine: await engines.choose(source, signal) },
    {
      backupId: record.backupId,
      target: source.name,
      attempt: claim.ref.fence,
      trigger: record.trigger,
      dump: dumpRequest(source),
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

function unknownTarget(target: string): AppError {
  return new AppError({
    code: 'target/unknown',
    stage: 'config',
    message: `This worker knows no target ${target}`,
    hint: 'Give all processes the same BACKUP_TARGETS_FILE (or BACKUP_TARGET_NAME)',
  });
}
