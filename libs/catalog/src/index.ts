export type * from './contract/access.js';
export type * from './contract/alerts.js';
export type * from './contract/audit.js';
export type * from './contract/backups.js';
export type * from './contract/catalog.js';
export type * from './contract/changes.js';
export type * from './contract/claims.js';
export type * from './contract/copies.js';
export type * from './contract/drills.js';
export type * from './contract/idempotency.js';
export type * from './contract/pages.js';
export type * from './contract/restores.js';
export type * from './contract/service-state.js';
export { isAlive } from './service-state/is-alive.js';
export type * from './contract/stats.js';
export type * from './contract/sync.js';
export type * from './contract/tasks.js';
export type * from './contract/uses.js';
export { catalogOn, connectionOptions, openCatalog, type CatalogOptions } from './open-catalog.js';
export { catalogFindings, type CatalogExam } from './examine/catalog-exam.js';
export { examineCatalog, type CatalogExamOptions } from './examine/examine-catalog.js';
export { knownCopies, syncCatalog } from './backups/sync-view.js';
export { cleanupCatalog, type CleanupViewOptions } from './backups/cleanup-view.js';
export { everyMissing, everyRecord, type EveryRecordQuery } from './backups/every-record.js';
export { deletionCatalog, userOf, useTexts } from './backups/deletion-view.js';
export { recordRefusal, recordRemoval } from './backups/record-removal.js';
export type { RotationViewOptions } from './backups/rotation-options.js';
export { commitRecord, rotationCatalog } from './backups/rotation-view.js';
export { recordedError } from './backups/backup-record.js';
export { recoveryPointOf, wholeGoodOnes } from './backups/recovery-point.js';
export { statsOf } from './backups/stats-of.js';
export { copiesCatalog } from './copies/copies-view.js';
export { copyStampOf, isWhole } from './copies/copy-record.js';
export { isAway } from './copies/is-away.js';
export { isFoundBad, isGood } from './backups/is-good.js';
export { claimJournal } from './claims/claim-journal.js';
export { HeldClaim, type ClaimPort } from './claims/held-claim.js';
export { cancelWished, fenced, lostTooOften, shuttingDown } from './claims/run-errors.js';
export { isPoisonous } from './restores/restore-endings.js';
export { verifyAuditLog, type AuditProblem, type AuditVerification } from './audit/verify-audit-log.js';
export { LeaseObserver, type LeaseObserverOptions } from './lease-observer.js';
export {
  backupJob,
  deleteJob,
  drillJob,
  marksJob,
  notifyJob,
  recommitJob,
  restoreJob,
  taskJob,
} from './upkeep/follow-up-jobs.js';
export { alertKey, type UpkeepOptions } from './upkeep/upkeep-options.js';
export { Reaper } from './upkeep/reaper.js';
export { Reconciler } from './upkeep/reconciler.js';
export { Upkeep } from './upkeep/upkeep.js';
export { jobOfDrill, jobOfRestore, jobOfTask, type WaitingJob } from './upkeep/waiting-job.js';
export type { UpkeepReport } from './upkeep/report.js';
export { CATALOG, CatalogModule, type CatalogModuleOptions } from './catalog.module.js';
