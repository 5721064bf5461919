import type { RestoreFindings, RestoreProgress, RestoreRecord, RestoreReport } from '#contracts';
import { toError } from '../backups/to-backup.js';
import type { Links } from '../backups/links.js';
import type { Plain } from '../http/plain.js';
import type {
  RestoreFindingsDto,
  RestoreLinksDto,
  RestoreProgressDto,
  RestoreRecordDto,
  RestoreReportDto,
} from './restore.dto.js';

/** How clients see a restore: field by field, so that a new field of the record stays inside until somebody lets it out. */
export function toRestore(record: RestoreRecord, links: Plain<RestoreLinksDto>): Plain<RestoreRecordDto> {
  return {
    restoreId: record.restoreId,
    status: record.status,
    backupId: record.backupId,
    targetName: record.targetName,
    mode: record.mode,
    dryRun: record.dryRun,
    databases: [...record.databases],
    include: [...record.include],
    exclude: [...record.exclude],
    rename: record.rename.map(({ from, to }) => ({ from, to })),
    onConflict: record.onConflict,
    ignoreWrites: record.ignoreWrites,
    oplogReplay: record.oplogReplay ?? null,
    usersAndRoles: record.usersAndRoles ?? false,
    createdAt: record.createdAt.toISOString(),
    startedAt: time(record.startedAt),
    completedAt: time(record.completedAt),
    correlationId: record.correlationId,
    requestedBy: record.requestedBy,
    attempt: record.claim.fence,
    phase: record.phase,
    progress: record.progress && toProgress(record.progress),
    safetyBackupId: record.safety?.backupId ?? null,
    report: record.report && toReport(record.report),
    errorMessage: record.errorMessage,
    error: toError(record.error),
    nextAttemptAt: time(record.nextAttemptAt),
    cancelRequested: record.cancelRequestedAt !== null,
    links,
  };
}

export function restoreLinks(
  links: Links,
  { restoreId, backupId }: Pick<RestoreRecord, 'restoreId' | 'backupId'>,
): Plain<RestoreLinksDto> {
  const self = links.path(`/api/admin/restores/${restoreId}`);
  return { self, cancel: `${self}/cancel`, backup: links.backup(backupId).self };
}

function toProgress(progress: RestoreProgress): Plain<RestoreProgressDto> {
  return {
    stage: progress.stage,
    documents: progress.documents,
    bytes: progress.bytes,
    expectedDocuments: progress.expectedDocuments,
    expectedBytes: progress.expectedBytes,
    bytesPerSecond: progress.bytesPerSecond,
    namespaces: progress.namespaces.map(({ name, documents, expectedDocuments, done }) => ({
      name,
      documents,
      expectedDocuments,
      done,
    })),
    updatedAt: progress.updatedAt.toISOString(),
  };
}

function toReport(report: RestoreReport): Plain<RestoreReportDto> {
  return {
    dryRun: report.dryRun,
    outcome: report.outcome,
    namespaces: report.namespaces.map((namespace) => ({
      from: namespace.from,
      db: namespace.db,
      collection: namespace.collection,
      type: namespace.type,
      action: namespace.action,
      documents: namespace.documents,
      bytes: namespace.bytes,
      indexes: namespace.indexes,
      differences: [...namespace.differences],
      durationMs: namespace.durationMs,
    })),
    warnings: [...report.warnings],
    documents: report.documents,
    durationMs: report.durationMs,
    findings: report.findings ? toFindings(report.findings) : null,
    ...toExtras(report),
  };
}

/** What came beside the documents. */
function toExtras({ oplog, usersAndRoles }: RestoreReport): Pick<Plain<RestoreReportDto>, 'oplog' | 'usersAndRoles'> {
  return {
    oplog: oplog ? { entries: oplog.entries, at: oplog.at && { t: oplog.at.t, i: oplog.at.i } } : null,
    usersAndRoles: usersAndRoles ? { users: usersAndRoles.users, roles: usersAndRoles.roles } : null,
  };
}

function toFindings({
  conflicts,
  checked,
  notChecked,
  estimate,
  leftAlone = [],
}: RestoreFindings): Plain<RestoreFindingsDto> {
  return {
    conflicts: conflicts.map(({ kind, blocking, db, collection, documents, message }) => ({
      ...{ kind, blocking, db, collection, documents, message },
    })),
    checked: [...checked],
    notChecked: [...notChecked],
    estimate: { documents: estimate.documents, bytes: estimate.bytes, freeBytes: estimate.freeBytes },
    leftAlone: leftAlone.map(({ db, collection, type }) => ({ db, collection, type })),
  };
}

function time(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
