import type { CompletedFacts } from '#catalog';
import { AppError, type RunResources } from '#contracts';
import { backupFolder, backupJsonKey, committed, type BackupOutcome } from '#pipeline';
import { persist } from '../claims/persist.js';
import { fenced } from '../claims/run-errors.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { ClaimedBackup } from './make-backup.js';

const mostBytes = 16 * 1024 * 1024;

interface Done {
  readonly outcome: BackupOutcome;
  readonly resources: RunResources | null;
}

interface Context {
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

/**
 * `→ completed`. The backup stands in the store, so the catalogue is asked for as long as it takes; only a shutdown ends the wait, and then whoever
 * claims the record next finds its commit. False: the record has moved on without this run.
 */
export async function completeBackup(
  parts: WorkerParts,
  claimed: ClaimedBackup,
  done: Done,
  context: Context,
): Promise<boolean> {
  try {
    return await complete(parts, claimed, done, context);
  } catch (thrown) {
    const error = AppError.from(thrown, 'catalog');
    throw error.code === 'run/fenced' ? error : committed(error);
  }
}

async function complete(
  parts: WorkerParts,
  { record, claim }: ClaimedBackup,
  done: Done,
  { log, signal }: Context,
): Promise<boolean> {
  const { catalog, tuning } = parts;
  const { backup, resumed } = done.outcome;
  const surely = <T>(write: () => Promise<T>) =>
    persist(write, {
      ...{ pauseMs: tuning.persistPauseMs, mostMs: tuning.persistMostMs, signal },
      onTrouble: (error, tries) => log.failure('completion not recorded yet', error, 'catalog', { tries }),
    });
  if (resumed && record.commit === null) {
    // It stands in the store without its record knowing: from here on the record has its commit.
    const bytes = await readBytes(parts, record.backupId, signal);
    const recorded = await surely(() => catalog.backups.recordCommit(claim.ref, { attempt: backup.attempt, bytes }));
    if (!recorded) throw fenced(record.backupId, 'its commit was refused');
  }
  return surely(() => catalog.backups.complete(record.backupId, factsOf(parts, done)));
}

/** A record is one document of at most 16 MB: of very many collections it lists the first, its totals count all, and the manifest holds the rest. */
const mostListed = 10_000;

function factsOf({ config, storeId }: WorkerParts, { outcome, resources }: Done): CompletedFacts {
  const { backup, metadata, warnings } = outcome;
  const prefix = config.store.kind === 's3' ? config.store.prefix : '';
  const s3Key = `${prefix}${backupFolder(backup.backupId)}${backup.objects.data.key}`;
  return {
    ...{ backup, s3Key, resources, storeId },
    metadata: metadata === null ? null : { ...metadata, collections: metadata.collections.slice(0, mostListed) },
    warnings: warnings.slice(0, mostListed),
  };
}

async function readBytes({ store }: WorkerParts, backupId: string, signal: AbortSignal): Promise<string> {
  const { bytes } = await store.getBytes(backupJsonKey(backupId), mostBytes, signal);
  return bytes.toString('utf8');
}
