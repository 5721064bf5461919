import type { LogLevelWish, ScheduleRecord, WorkerReport } from '#contracts';

export interface ScheduleRepository {
  all(): Promise<readonly ScheduleRecord[]>;
  find(target: string): Promise<ScheduleRecord | null>;
  /** Moves `lastSlot` forward only. Makes the record when there is none, with `firstSlot` the same. */
  advance(target: string, slot: Date): Promise<void>;
  /** Puts back a `lastSlot` that a clock ahead of its time had made, if it is still the one seen; counting begins anew at `slot`. */
  putBack(target: string, seenLastSlot: Date, slot: Date): Promise<boolean>;
  /**
   * Another plan than the record's takes its place: `lastSlot` and `firstSlot` become the newest slot of it (null: it has none, they stay), for what was due by it before
   * was not missed. A record without a plan takes it as its own. Asked for again, by whomever, nothing changes.
   */
  takePlan(target: string, plan: string, newestSlot: Date | null): Promise<void>;
  pause(target: string, by: string, at: Date): Promise<void>;
  /** Ends the pause; `lastSlot` and `firstSlot` become the newest slot of the pause: what was due meanwhile was not missed. */
  resume(target: string, newestSlot: Date): Promise<void>;
}

/** A report, and its age by the server's clock, which alone judges both moments. */
export interface SeenWorker extends WorkerReport {
  readonly sinceBeatMs: number;
}

export interface WorkerRepository {
  /** `beatAt` becomes the server's present time. */
  publish(report: Omit<WorkerReport, 'beatAt'>): Promise<void>;
  /** Those of the last day: a worker that was killed takes no leave. */
  all(): Promise<readonly SeenWorker[]>;
  remove(workerId: string): Promise<void>;
}

export interface SettingsRepository {
  /** The store that this catalogue belongs to; set once. Throws `store/changed` when another is known. */
  bindStore(storeId: string): Promise<void>;
  storeId(): Promise<string | null>;
  /** The salt of the store's `hazina.json`, for the day on which the store is away or lost; kept once. */
  keepKdfSalt(kdfSalt: string): Promise<void>;
  kdfSalt(): Promise<string | null>;
  /** The same of a destination that backups are copied to. */
  bindDestination(name: string, storeId: string): Promise<void>;
  destinationStoreId(name: string): Promise<string | null>;
  /** Forgets which store a destination was: the next look takes what it finds. */
  forgetDestination(name: string): Promise<void>;
  /** Null: nobody wishes another log level than the configured one. */
  logLevel(now: Date): Promise<LogLevelWish | null>;
  wishLogLevel(wish: LogLevelWish | null): Promise<void>;
}
