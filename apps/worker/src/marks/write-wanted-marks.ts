import { AppError, saysDamaged, type BackupRecord, type MarkedVerification } from '#contracts';
import { writeMarks, type MarksChange } from '#pipeline';
import type { WorkerParts } from '../core/worker-core.js';
import { placeOf } from '../replicas/backup-place.js';

/** Writes what the record wants of the store's marks (spec/objects.md, "Marks"): pin, label, and the verdicts of its verifications. Repeatable. */
export async function writeWantedMarks(parts: WorkerParts, backupId: string, signal: AbortSignal): Promise<void> {
  const { catalog, clock } = parts;
  const record = await catalog.backups.find(backupId);
  if (record?.status !== 'completed' || record.marks.written >= record.marks.wanted) return;
  const log = parts.log.child({ correlationId: record.correlationId, backupId });
  const { store, require } = placeOf(parts, record);
  await require(signal);
  try {
    const written = await writeMarks({ store, clock }, backupId, () => wanted(parts, backupId), signal);
    if (written === null) return;
    const { version, pinned, label } = written.marks;
    await catalog.backups.marksWritten(backupId, written.change.version);
    log.info('marks written', { version, pinned, label });
  } catch (error) {
    // Deleted meanwhile: nothing is left to be marked.
    if (error instanceof AppError && error.code === 'backup/not-found')
      log.failure('marks not written', error, 'store');
    else throw error;
  }
}

/** What the record wants now: a writer that was asleep must not bring back what it once read. */
async function wanted({ catalog }: WorkerParts, backupId: string): Promise<MarksChange | null> {
  const record = await catalog.backups.find(backupId);
  if (record?.status !== 'completed') return null;
  const { pinned, label, marks, verifications } = record;
  return { version: marks.wanted, pinned, label, verifications: verifications.flatMap(verdictOf) };
}

/** A verification that could not be made says nothing of the backup. */
function verdictOf({
  verificationId,
  level,
  status,
  startedAt,
  completedAt,
  error,
}: BackupRecord['verifications'][number]): MarkedVerification[] {
  const ok = status === 'completed';
  const at = completedAt ?? startedAt;
  if (at === null || (!ok && (error === null || !saysDamaged(error.code)))) return [];
  return [
    {
      ...{ level, ok, at: at.toISOString(), error: ok ? null : (error?.message ?? ''), verificationId },
      ...(startedAt === null ? {} : { startedAt: startedAt.toISOString() }),
    },
  ];
}
