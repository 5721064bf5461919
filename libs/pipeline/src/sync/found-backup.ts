import { slotBackupId, timeOfBackupId, type BackupJson, type Marks } from '#contracts';
import { lockOf } from '../delete/find-refusal.js';
import { backupMetadata } from '../objects/backup-metadata.js';
import { completedFacts } from '../objects/completed-facts.js';
import { readMarks, saysNothing } from '../objects/marks-file.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import type { FoundBackup, FoundMarks, SyncRun } from './sync-types.js';

/** The record of a proven backup, as far as the store knows it. */
export async function foundBackup(
  run: SyncRun,
  { backup, manifest, dataHeader, warnings }: ProvenBackup,
  bytes: string,
  adopted: boolean,
): Promise<FoundBackup> {
  const metadata = backupMetadata(manifest, backup.objects.data.bytes);
  const outcome = { backup, metadata, warnings: [...manifest.warnings, ...warnings], resumed: true };
  const { prefix } = run.request;
  const createdAt = timeOfBackupId(backup.backupId) ?? new Date(backup.startedAt);
  const lockedUntil = await lockOf(run.deps.store, backup, run.deps.clock.now(), run.signal);
  return {
    ...completedFacts(outcome, { prefix, storeId: run.storeId, resources: null, lockedUntil }),
    ...{ bytes, createdAt, adopted },
    keyIds: dataHeader.slots.map(({ keyId }) => keyId),
    slot: isOfSlot(backup, createdAt) ? createdAt : null,
    marks: await foundMarks(run, backup),
  };
}

/** Scheduled, and with the one id that its slot has everywhere. */
function isOfSlot({ trigger, target, backupId }: BackupJson, at: Date): boolean {
  return (trigger === 'schedule' || trigger === 'catch-up') && slotBackupId(target, at) === backupId;
}

/** Pin and label as they stand. Marks that cannot be read count as a pin. */
export async function foundMarks(run: SyncRun, backup: BackupJson): Promise<FoundMarks> {
  const { backupId, pinned, label } = backup;
  try {
    const marks = await readMarks(run.deps.store, backupId, run.signal);
    return marks === null ? { version: 0, pinned, label, verifications: [] } : readable(marks);
  } catch (error) {
    if (!saysNothing(error)) throw error;
    run.problem(`${backupId} counts as pinned: ${error.message}`);
    return { version: 0, pinned: true, label, verifications: [] };
  }
}

function readable({ version, pinned, label, verifications }: Marks): FoundMarks {
  return {
    ...{ version, pinned, label },
    verifications: verifications.map(({ level, ok, at, error, verificationId, startedAt }) => ({
      ...{ level, ok, at: new Date(at), error: error ?? null, verificationId: verificationId ?? null },
      startedAt: startedAt === undefined ? null : new Date(startedAt),
    })),
  };
}
