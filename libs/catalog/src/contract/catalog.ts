import type { CatalogExam } from '../examine/catalog-exam.js';
import type { PageSessionRepository, RevocationRepository, StreamTicketRepository } from './access.js';
import type { AlertRepository } from './alerts.js';
import type { AuditRepository } from './audit.js';
import type { BackupRepository } from './backups.js';
import type { ChangeRepository } from './changes.js';
import type { CopyRepository } from './copies.js';
import type { DrillRepository } from './drills.js';
import type { IdempotencyRepository } from './idempotency.js';
import type { ScheduleRepository, SettingsRepository, WorkerRepository } from './service-state.js';
import type { RestoreRepository } from './restores.js';
import type { SyncRepository } from './sync.js';
import type { TaskRepository } from './tasks.js';

/**
 * The catalogue: MongoDB as the truth on records and schedules. This comment is the contract.
 *
 * - Every change is one conditional update of one document, with write concern majority; no transactions (the server may have none).
 *   A method that did not find its condition says so by its result, never by an error; errors are `catalog/unavailable` (retry) or `catalog/refused`.
 * - Every write of a run takes a `ClaimRef` and filters on its fence: after another claim it changes nothing and answers `false`.
 * - Moves between states are those of `isAllowedMove`, checked in one place. Text from users is only ever a value, never a filter's form.
 * - Times come from the caller's clock (`serverTime` tells whether that is far off); leases are judged by observers on their monotonic clock (`LeaseObserver`), never by stored times.
 */
export interface Catalog {
  readonly backups: BackupRepository;
  readonly changes: ChangeRepository;
  readonly sync: SyncRepository;
  readonly tasks: TaskRepository;
  readonly restores: RestoreRepository;
  readonly drills: DrillRepository;
  readonly copies: CopyRepository;
  readonly schedules: ScheduleRepository;
  readonly workers: WorkerRepository;
  readonly alerts: AlertRepository;
  readonly audit: AuditRepository;
  readonly settings: SettingsRepository;
  readonly streamTickets: StreamTicketRepository;
  readonly idempotency: IdempotencyRepository;
  readonly revocations: RevocationRepository;
  readonly pageSessions: PageSessionRepository;
  /** A round trip, for probes; throws `catalog/unavailable` after `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** What its server's clock shows. */
  serverTime(): Promise<Date>;
  /** What is known of its server, its indexes and its clock; writes nothing. */
  examine(): Promise<CatalogExam>;
  close(): Promise<void>;
}
