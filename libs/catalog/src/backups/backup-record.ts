import type { AppError, BackupRecord, RecordedError } from '#contracts';
import type { BackupDocument } from '../schemas/backup.schema.js';
import type { RecordCollection, Update } from '../store/record-collection.js';

export type Backups = RecordCollection<BackupDocument>;

/** What grows with the number of namespaces or of years; a list does without. */
export const longFields = ['events', 'metadata.collections', 'warnings'] as const;

/** What a record tells of its story at most. */
const mostEvents = 200;

/**
 * The record without what only the collection needs. Named field by field: objects of one shape are read several times as fast as those that are made by leaving
 * fields out, and a list makes and reads many.
 */
export function toBackupRecord(document: BackupDocument): BackupRecord {
  return {
    backupId: document.backupId,
    target: document.target,
    trigger: document.trigger,
    status: document.status,
    createdAt: document.createdAt,
    slot: document.slot,
    correlationId: document.correlationId,
    database: document.database,
    part: document.part,
    s3Key: document.s3Key,
    hash: document.hash,
    size: document.size,
    startedAt: document.startedAt,
    completedAt: document.completedAt,
    errorMessage: document.errorMessage,
    error: document.error,
    metadata: document.metadata,
    retentionDate: document.retentionDate,
    verificationStatus: document.verificationStatus,
    failures: document.failures,
    stage: document.stage,
    progress: document.progress,
    engine: document.engine,
    consistency: document.consistency,
    compression: document.compression,
    keyIds: document.keyIds,
    label: document.label,
    pinned: document.pinned,
    verifications: document.verifications,
    events: document.events,
    warnings: document.warnings,
    resources: document.resources,
    deletedAt: document.deletedAt,
    lockedUntil: document.lockedUntil,
    lastProvenAt: document.lastProvenAt,
    storeId: document.storeId,
    place: document.place,
    claim: document.claim,
    jobNumber: document.jobNumber,
    nextAttemptAt: document.nextAttemptAt,
    cancelRequestedAt: document.cancelRequestedAt,
    deleteForced: document.deleteForced,
    commit: document.commit,
    marks: document.marks,
    use: document.use,
    commitDue: document.commitDue,
    running: document.running !== undefined,
  };
}

export function toRecordOrNull(document: BackupDocument | null): BackupRecord | null {
  return document === null ? null : toBackupRecord(document);
}

export function recordedError(error: AppError): RecordedError {
  return { code: error.code, stage: error.stage, retryable: error.retry === 'retry', hint: error.hint ?? null };
}

/** The fields that hold an error. */
export function errorFields(error: AppError): { readonly error: RecordedError; readonly errorMessage: string } {
  return { error: recordedError(error), errorMessage: error.message };
}

/** The fields of a record that fails with it: until `alerted`, somebody must be told. */
export function failedFields(error: AppError, at: Date): Readonly<Record<string, unknown>> {
  return { ...errorFields(error), completedAt: at, alertDue: true };
}

/** One line more of the record's story, for `$push`. */
export function event(at: Date, type: string, message: string): Update {
  return { events: { $each: [{ at, type, message }], $slice: -mostEvents } };
}

/**
 * A change that depends on more of the record than its filter says: reads it, lets `choose` decide, and updates under the condition that status,
 * commit, wish to cancel and claim are still the same; else it looks again. Null: the filter fits nothing, or `choose` wants nothing.
 */
export async function decide(
  backups: Backups,
  filter: Readonly<Record<string, unknown>>,
  choose: (document: BackupDocument) => Update | null,
): Promise<BackupDocument | null> {
  for (let look = 0; look < 10; look += 1) {
    const document = await backups.findOne(filter);
    const update = document === null ? null : choose(document);
    if (document === null || update === null) return null;
    const unchanged = {
      status: document.status,
      'commit.attempt': document.commit?.attempt ?? null,
      cancelRequestedAt: document.cancelRequestedAt,
      deleteForced: document.deleteForced,
      'claim.fence': document.claim.fence,
    };
    const changed = await backups.update({ ...filter, ...unchanged }, update);
    if (changed !== null) return changed;
  }
  return null;
}
