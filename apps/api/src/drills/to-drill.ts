import type { DrillRecord, DrillReport } from '#contracts';
import type { Links } from '../backups/links.js';
import { toError } from '../backups/to-backup.js';
import type { Plain } from '../http/plain.js';
import type { DrillLinksDto, DrillRecordDto, DrillReportDto } from './drill.dto.js';

/** How clients see a drill: field by field, so that a new field of the record stays inside until somebody lets it out. */
export function toDrill(record: DrillRecord, links: Plain<DrillLinksDto>): Plain<DrillRecordDto> {
  return {
    drillId: record.drillId,
    status: record.status,
    trigger: record.trigger,
    choice: record.choice,
    slot: time(record.slot),
    target: record.target,
    backupId: record.backupId,
    targetName: record.targetName,
    createdAt: record.createdAt.toISOString(),
    startedAt: time(record.startedAt),
    completedAt: time(record.completedAt),
    correlationId: record.correlationId,
    requestedBy: record.requestedBy,
    attempt: record.claim.fence,
    stage: record.stage,
    report: record.report && toReport(record.report),
    errorMessage: record.errorMessage,
    error: toError(record.error),
    nextAttemptAt: time(record.nextAttemptAt),
    cancelRequested: record.cancelRequestedAt !== null,
    links,
  };
}

export function drillLinks(
  links: Links,
  { drillId, backupId }: Pick<DrillRecord, 'drillId' | 'backupId'>,
): Plain<DrillLinksDto> {
  const self = links.path(`/api/admin/drills/${drillId}`);
  return { self, cancel: `${self}/cancel`, backup: links.backup(backupId).self };
}

function toReport(report: DrillReport): Plain<DrillReportDto> {
  return {
    outcome: report.outcome,
    namespaces: report.namespaces.map(({ db, collection, type, documents, indexes, differences }) => ({
      ...{ db, collection, type, documents, indexes },
      differences: [...differences],
    })),
    queries: report.queries.map(({ name, count, expect: { min, max }, ok }) => ({
      ...{ name, count, ok },
      expect: { min, max },
    })),
    warnings: [...report.warnings],
    documents: report.documents,
    bytes: report.bytes,
    restoreMs: report.restoreMs,
    compareMs: report.compareMs,
  };
}

function time(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
