import type { Catalog, NewAlert } from '#catalog';
import type { TargetConfig } from '#config';
import type { Clock, NotificationRecord, WorkerReport } from '#contracts';
import { judgeSchedules, type TargetSchedule } from './overdue.js';

/** Beats that a worker may miss before it shows as unknown (docs/DESIGN.md, "States, claims, follow-ups"). */
const missedBeats = 3;

export interface WatchDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly targets: readonly TargetConfig[];
  readonly overdueMs: number;
  /** Names of the channels that alerts go to. */
  readonly channels: readonly string[];
}

export interface WatchOutcome {
  readonly schedules: readonly TargetSchedule[];
  /** New messages to people; none while a state lasts. */
  readonly notifications: readonly NotificationRecord[];
  readonly liveWorkers: number;
}

/**
 * What only the API can tell, for dead workers cannot: overdue backups, and that no worker is alive. Each is told once when it begins and once when it ends.
 * Any number of replicas may watch: raising and clearing are conditional updates.
 */
export class Watch {
  #withoutWorkersSince: number | null = null;

  constructor(private readonly deps: WatchDeps) {}

  async look(): Promise<WatchOutcome> {
    const { catalog, clock, targets, overdueMs } = this.deps;
    const now = clock.now();
    const schedules = await judgeSchedules(catalog, targets, now, overdueMs);
    const notifications: (NotificationRecord | null)[] = [];
    for (const schedule of schedules) notifications.push(await this.#overdue(schedule, now));

    const live = (await catalog.workers.all()).filter((report) => isLive(report, now));
    notifications.push(await this.#workers(live, now));
    return { schedules, notifications: notifications.filter((made) => made !== null), liveWorkers: live.length };
  }

  async #overdue(schedule: TargetSchedule, now: Date): Promise<NotificationRecord | null> {
    const key = `overdue/${schedule.target}`;
    const { target, overdueSince, lastSuccessAt } = schedule;
    if (overdueSince === null) {
      const message = `The backups of ${target} are in time again`;
      return this.deps.catalog.alerts.clear(key, { message, at: now, target, backupId: null });
    }
    const last =
      lastSuccessAt === null
        ? 'There is no completed backup of it'
        : `The last completed one ended at ${lastSuccessAt.toISOString()}`;
    return this.#raise({
      key,
      kind: 'overdue',
      target,
      message: `The backup of ${target} due at ${overdueSince.toISOString()} is not completed. ${last}`,
      hint: 'Look at the worker and its log, and at the newest failed record: GET /api/admin/backups?status=failed',
      at: now,
    });
  }

  /** A restart of the only worker is no alert: the lack must last as long as a lease of beats. */
  async #workers(live: readonly WorkerReport[], now: Date): Promise<NotificationRecord | null> {
    const key = 'no-worker/all';
    if (live.length > 0) {
      this.#withoutWorkersSince = null;
      return this.deps.catalog.alerts.clear(key, {
        message: 'A worker is alive again',
        at: now,
        target: null,
        backupId: null,
      });
    }
    this.#withoutWorkersSince ??= this.deps.clock.monotonicMs();
    if (this.deps.clock.monotonicMs() - this.#withoutWorkersSince < graceMs) return null;
    return this.#raise({
      key,
      kind: 'no-worker',
      target: null,
      message: 'No worker is alive: backups are scheduled, and nobody makes them',
      hint: 'Start a worker (npm run start:worker), and look at the log of the last one',
      at: now,
    });
  }

  #raise(alert: Omit<NewAlert, 'channels' | 'backupId' | 'correlationId'>): Promise<NotificationRecord | null> {
    return this.deps.catalog.alerts.raise({
      ...alert,
      channels: this.deps.channels,
      backupId: null,
      correlationId: null,
    });
  }
}

const graceMs = 120_000;

/** Has this worker beaten lately? */
export function isLive(report: WorkerReport, now: Date): boolean {
  return now.getTime() - report.beatAt.getTime() <= missedBeats * report.beatSeconds * 1000;
}
