import type { HeldClaim } from '#catalog';
import type { BackupRecord } from '#contracts';
import type { RecordObserver } from '../claims/record-observer.js';
import type { WorkerLog } from '../logging/worker-log.js';

/** A record that this worker has claimed, and what tells of its run. */
export interface ClaimedBackup {
  readonly record: BackupRecord;
  readonly claim: HeldClaim;
  readonly observer: RecordObserver;
  readonly log: WorkerLog;
}
