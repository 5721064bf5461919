import { claimJournal, type HeldClaim } from '#catalog';
import type { BackupRecord } from '#contracts';
import { AppError } from '#contracts';
import { finishCommit, requireStore, runBackup, type BackupOutcome } from '#pipeline';
import type { RecordObserver } from '../claims/record-observer.js';
import { targetOf, type WorkerParts } from '../core/worker-core.js';
import { requireQuota } from '../cleanup/require-quota.js';
import { safetySource } from '../restores/safety-source.js';
import { dumpRequest, type DumpEngines } from '../engines/dump-engines.js';

export interface ClaimedBackup {
  readonly record: BackupRecord;
  readonly claim: HeldClaim;
  readonly observer: RecordObserver;
}

/** Makes the backup of a claimed record, or finishes the commit that it holds already: then nothing is dumped. */
export async function makeBackup(
  parts: WorkerParts,
  engines: DumpEngines,
  { record, claim, observer }: ClaimedBackup,
): Promise<BackupOutcome> {
  const { store, ring, clock, random, config } = parts;
  const { backupId, commit } = record;
  const { signal } = claim;
  // Before anything is written: an unmounted volume must not become a store of its own.
  await requireStore(store, parts.storeId, signal);
  const journal = claimJournal(parts.catalog.backups, claim);
  if (commit !== null) {
    const request = { backupId, attempt: commit.attempt, bytes: Buffer.from(commit.bytes, 'utf8') };
    return finishCommit({ store, ring, observer, journal }, request, signal);
  }
  const target = record.trigger === 'safety' ? await safetySource(parts, record) : targetOf(config, record.target);
  if (target === undefined) throw unknownTarget(record.target);
  // What a restore would replace is saved in any case.
  if (record.trigger !== 'safety') await requireQuota(parts, record.target);
  const throttle = target.throttleBytesPerSecond ?? config.throttleBytesPerSecond;
  return runBackup(
    { store, ring, clock, random, observer, journal, engine: await engines.choose(target, signal) },
    {
      backupId,
      target: target.name,
      attempt: claim.ref.fence,
      trigger: record.trigger,
      dump: dumpRequest(target),
      compression: config.compression,
      label: record.label,
      pinned: record.pinned,
      retentionDays: target.retention.retentionDays,
      reserveBytes: config.directoryReserveBytes,
      ...(throttle === null ? {} : { throttleBytesPerSecond: throttle }),
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
