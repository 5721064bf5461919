import { isFoundBad } from '#catalog';
import type { BackupRecord } from '#contracts';
import { formatBytes, formatCount, formatTable, formatTime, printable, shorten } from './format.js';

/** `hazina list --catalog`: a line for each record. */
export function recordsTable(records: readonly BackupRecord[]): string {
  const header = ['BACKUP', 'STATUS', 'BY', 'COMPLETED', 'DATABASE', 'DOCUMENTS', 'STORED', 'VERIFIED', 'LABEL'];
  const rows = records.map((record) => [
    record.backupId,
    statusOf(record),
    record.trigger,
    record.completedAt === null ? '-' : formatTime(record.completedAt.toISOString()),
    shorten(printable(record.part ?? record.database ?? '-')),
    record.metadata === null ? '-' : formatCount(record.metadata.totalDocuments),
    record.size === null ? '-' : formatBytes(record.size),
    verifiedOf(record),
    labelOf(record),
  ]);
  return formatTable([header, ...rows], [5, 6]);
}

/** What a list is read for of a record, in the names and forms of the API (`GET /api/admin/backups`). */
export function recordView(record: BackupRecord) {
  const { verificationStatus, error, metadata } = record;
  return {
    ...{ backupId: record.backupId, target: record.target, status: record.status, trigger: record.trigger },
    ...{ createdAt: record.createdAt, slot: record.slot, startedAt: record.startedAt },
    ...{
      completedAt: record.completedAt,
      database: record.database,
      part: record.part,
      s3Key: record.s3Key,
      place: record.place,
    },
    ...{ hash: record.hash, size: record.size, compression: record.compression, keyIds: record.keyIds },
    ...{ metadata, verificationStatus },
    ...{ label: record.label, pinned: record.pinned, lockedUntil: record.lockedUntil },
    ...{ retentionDate: record.retentionDate, errorMessage: record.errorMessage },
    error: error && { code: error.code, stage: error.stage, retryable: error.retryable, hint: error.hint },
  };
}

function statusOf({ status, error, place }: BackupRecord): string {
  if (error !== null && status !== 'completed') return `${status} (${error.code})`;
  return place === null ? status : `${status} in ${printable(place)}`;
}

/** One that was found to be damaged is not the same as one that nobody has read yet. */
function verifiedOf(record: BackupRecord): string {
  const { verified, level } = record.verificationStatus;
  if (isFoundBad(record)) return 'DAMAGED';
  return verified ? (level ?? 'yes') : '-';
}

function labelOf({ label, pinned }: BackupRecord): string {
  return [...(pinned ? ['(pinned)'] : []), ...(label === null ? [] : [printable(label)])].join(' ');
}
