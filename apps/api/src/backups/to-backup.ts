import { describeConsistency, type BackupRecord, type CopyRecord, type RecordedError } from '#contracts';
import type { BackupDetailsDto, BackupDto, ConsistencyDto, ProgressDto, ReplicaDto } from './backup.dto.js';
import type { Plain } from '../http/plain.js';

/** How clients see a record: the fields of spec/api.md by name, so that a new field of the record stays inside until somebody lets it out. */
export function toBackup(record: BackupRecord, copies: readonly CopyRecord[]): Plain<BackupDto> {
  const { metadata, progress, verificationStatus, resources, engine } = record;
  return {
    backupId: record.backupId,
    status: record.status,
    database: record.database,
    s3Key: record.s3Key,
    hash: record.hash,
    size: record.size,
    startedAt: time(record.startedAt),
    completedAt: time(record.completedAt),
    errorMessage: record.errorMessage,
    metadata: metadata && {
      collections: metadata.collections.map(({ name, documents, bytes }) => ({ name, documents, bytes })),
      totalDocuments: metadata.totalDocuments,
      totalSize: metadata.totalSize,
      compressionRatio: metadata.compressionRatio,
    },
    retentionDate: time(record.retentionDate),
    verificationStatus: {
      verified: verificationStatus.verified,
      level: verificationStatus.level,
      verifiedAt: time(verificationStatus.verifiedAt),
      verificationHash: verificationStatus.verificationHash,
    },
    target: record.target,
    trigger: record.trigger,
    createdAt: record.createdAt.toISOString(),
    slot: time(record.slot),
    correlationId: record.correlationId,
    attempt: record.claim.fence,
    stage: record.stage,
    progress: toProgress(progress),
    engine: engine && { name: engine.name, version: engine.version },
    part: record.part,
    consistency: toConsistency(record.consistency),
    compression: record.compression,
    keyIds: [...record.keyIds],
    label: record.label,
    pinned: record.pinned,
    error: toError(record.error),
    verifications: record.verifications.map((verification) => ({
      verificationId: verification.verificationId,
      level: verification.level,
      status: verification.status,
      startedAt: time(verification.startedAt),
      completedAt: time(verification.completedAt),
      error: verification.error && { ...errorOf(verification.error), message: verification.error.message },
    })),
    replicas: copies.filter(({ backupId }) => backupId === record.backupId).map(toReplica),
    place: record.place,
    resources: resources && {
      cpuSeconds: resources.cpuSeconds,
      peakRssBytes: resources.peakRssBytes,
      archiveBytesPerSecond: resources.archiveBytesPerSecond,
      eventLoopDelayMs: resources.eventLoopDelayMs,
    },
    deletedAt: time(record.deletedAt),
    lockedUntil: time(record.lockedUntil),
  };
}

export function toBackupDetails(record: BackupRecord, copies: readonly CopyRecord[]): Plain<BackupDetailsDto> {
  return {
    ...toBackup(record, copies),
    events: record.events.map(({ at, type, message }) => ({ at: at.toISOString(), type, message })),
    warnings: [...record.warnings],
    nextAttemptAt: time(record.nextAttemptAt),
    cancelRequested: isCancelRequested(record),
  };
}

function toConsistency(consistency: BackupRecord['consistency']): Plain<ConsistencyDto> | null {
  if (consistency === null) return null;
  const { mode, at } = consistency;
  return { mode, at: at && { t: at.t, i: at.i }, text: describeConsistency(consistency) };
}

function toReplica(copy: CopyRecord): Plain<ReplicaDto> {
  const { destination, state, attempts, errorMessage } = copy;
  return {
    ...{ destination, state, attempts, errorMessage, error: toError(copy.error) },
    ...{ copiedAt: time(copy.copiedAt), verifiedAt: time(copy.verifiedAt), nextAttemptAt: time(copy.nextAttemptAt) },
    lockedUntil: time(copy.lockedUntil),
  };
}

export function toProgress(progress: BackupRecord['progress']): Plain<ProgressDto> | null {
  return (
    progress && {
      stage: progress.stage,
      archiveBytes: progress.archiveBytes,
      storedBytes: progress.storedBytes,
      documents: progress.documents,
      estimatedBytes: progress.estimatedBytes,
      bytesPerSecond: progress.bytesPerSecond,
      updatedAt: progress.updatedAt.toISOString(),
    }
  );
}

/** Somebody wishes its end, and it is not over yet. */
export function isCancelRequested(record: Pick<BackupRecord, 'cancelRequestedAt' | 'status'>): boolean {
  return record.cancelRequestedAt !== null && (record.status === 'pending' || record.status === 'in_progress');
}

export function toError(error: RecordedError | null): ReturnType<typeof errorOf> | null {
  return error && errorOf(error);
}

function errorOf({ code, stage, retryable, hint }: RecordedError) {
  return { code, stage, retryable, hint };
}

function time(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
