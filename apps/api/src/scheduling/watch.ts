import { alertKey, type Catalog, type NewAlert } from '#catalog';
import type { Clock, NotificationRecord } from '#contracts';
import type { TargetState } from '../targets/target-states.js';
import type { DrillState } from './drill-states.js';

/** So long no worker may be alive before people are told: a restart of the only one is no alert. */
const graceMs = 120_000;

/** A replica that was not reloaded yet tells again what another takes back for a target that is gone: so no state that is younger is taken back. */
const settledMs = 3_600_000;

export interface WatchDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** Names of the channels that alerts go to. */
  readonly channels: readonly string[];
}

/**
 * Tells what only the API can tell, for dead workers cannot: overdue backups, and that no worker is alive. Each is told once when it begins and once when it
 * ends. Any number of replicas may watch: raising and clearing are conditional updates.
 */
export class Watch {
  #withoutWorkersSince: number | null = null;

  constructor(private readonly deps: WatchDeps) {}

  /** The new messages to people; none while a state lasts. */
  async look(
    targets: readonly TargetState[],
    liveWorkers: number,
    drills: readonly DrillState[] = [],
  ): Promise<NotificationRecord[]> {
    const now = this.deps.clock.now();
    const made: (NotificationRecord | null)[] = [];
    for (const target of targets) made.push(await this.#overdue(target, now));
    for (const drill of drills) made.push(await this.#drill(drill, now));
    made.push(...(await this.#gone(targets, drills, now)));
    made.push(await this.#workers(liveWorkers, now));
    return made.filter((notification) => notification !== null);
  }

  async #overdue(state: TargetState, now: Date): Promise<NotificationRecord | null> {
    const { target, overdueSince, lastSuccessAt } = state;
    const key = alertKey('overdue', target);
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

  async #drill({ target, overdueSince, lastGoodAt }: DrillState, now: Date): Promise<NotificationRecord | null> {
    const key = alertKey('drill-overdue', target);
    if (overdueSince === null) {
      const message = `The drills of ${target} are in time again`;
      return this.deps.catalog.alerts.clear(key, { message, at: now, target, backupId: null });
    }
    const last = lastGoodAt === null ? 'None ever did' : `The last one did at ${lastGoodAt.toISOString()}`;
    return this.#raise({
      key,
      kind: 'drill-overdue',
      target,
      message: `The drill of ${target} due at ${overdueSince.toISOString()} has not found all equal. ${last}`,
      hint: 'Look at the worker and the scratch target, and at the latest drills: GET /api/admin/drills',
      at: now,
    });
  }

  /** What was told of targets that a reload removed, and of drills that are scheduled no more, is over. */
  async #gone(
    targets: readonly TargetState[],
    drills: readonly DrillState[],
    now: Date,
  ): Promise<(NotificationRecord | null)[]> {
    const looked = new Set([
      ...targets.map(({ target }) => alertKey('overdue', target)),
      ...drills.map(({ target }) => alertKey('drill-overdue', target)),
    ]);
    const raised = await this.deps.catalog.alerts.raised();
    const gone = raised.filter(
      ({ key, kind, since }) =>
        (kind === 'overdue' || kind === 'drill-overdue') &&
        !looked.has(key) &&
        now.getTime() - since.getTime() > settledMs,
    );
    return Promise.all(
      gone.map(({ key, kind, target }) => {
        const message = `${kind === 'overdue' ? 'Backups' : 'Drills'} of ${target ?? key} are not scheduled any more`;
        return this.deps.catalog.alerts.clear(key, { message, at: now, target, backupId: null });
      }),
    );
  }

  async #workers(live: number, now: Date): Promise<NotificationRecord | null> {
    const key = alertKey('no-worker', 'all');
    if (live > 0) {
      this.#withoutWorkersSince = null;
      const message = 'A worker is alive again';
      return this.deps.catalog.alerts.clear(key, { message, at: now, target: null, backupId: null });
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
