import type { HeldClaim } from '#catalog';
import type { RestoreRecord } from '#contracts';
import type { WorkerLog } from '../logging/worker-log.js';
import type { RestoreObserver } from './restore-observer.js';

export interface ClaimedRestore {
  readonly record: RestoreRecord;
  readonly claim: HeldClaim;
  readonly observer: RestoreObserver;
  readonly log: WorkerLog;
}
