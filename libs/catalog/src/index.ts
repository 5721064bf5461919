export type * from './contract/access.js';
export type * from './contract/alerts.js';
export type * from './contract/audit.js';
export type * from './contract/backups.js';
export type * from './contract/catalog.js';
export type * from './contract/changes.js';
export type * from './contract/claims.js';
export type * from './contract/idempotency.js';
export type * from './contract/restores.js';
export type * from './contract/service-state.js';
export type * from './contract/stats.js';
export type * from './contract/tasks.js';
export { catalogOn, connectionOptions, openCatalog, type CatalogOptions } from './open-catalog.js';
export {
  catalogFindings,
  examineCatalog,
  type CatalogExam,
  type CatalogExamOptions,
} from './examine/examine-catalog.js';
export { deletionCatalog, userOf } from './backups/deletion-view.js';
export { isFoundBad, isGood } from './backups/is-good.js';
export { claimJournal } from './claims/claim-journal.js';
export { HeldClaim, type ClaimPort } from './claims/held-claim.js';
export { cancelWished, fenced, shuttingDown } from './claims/run-errors.js';
export { verifyAuditLog, type AuditProblem, type AuditVerification } from './audit/verify-audit-log.js';
export { LeaseObserver, type LeaseObserverOptions } from './lease-observer.js';
export { backupJob, deleteJob, marksJob, notifyJob, restoreJob, taskJob } from './upkeep/follow-up-jobs.js';
export { alertKey, type UpkeepOptions } from './upkeep/upkeep-options.js';
export { Reaper } from './upkeep/reaper.js';
export { Reconciler } from './upkeep/reconciler.js';
export { Upkeep } from './upkeep/upkeep.js';
export type { UpkeepReport } from './upkeep/report.js';
export { CATALOG, CatalogModule, type CatalogModuleOptions } from './catalog.module.js';
