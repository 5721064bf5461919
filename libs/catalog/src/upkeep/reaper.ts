import type { LeaseView } from '../contract/claims.js';
import { LeaseObserver } from '../lease-observer.js';
import { afterRun } from './after-run.js';
import { settleDrillAlerts } from './drill-alerts.js';
import { settleRestoreAlerts } from './restore-alerts.js';
import { backupJob, drillJob, restoreJob, taskJob } from './follow-up-jobs.js';
import { Look, type UpkeepReport } from './report.js';
import type { UpkeepOptions } from './upkeep-options.js';

/**
 * Ends the claims of owners that show no life any more. Runs in every worker and API: each update filters on the fence and beat that were seen, so
 * one of them acts and the others find nothing.
 */
export class Reaper {
  readonly #options: UpkeepOptions;
  readonly #observer: LeaseObserver;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#observer = new LeaseObserver({ ...options.lease, intervalMs: options.lease.reaperMs, clock: options.clock });
  }

  /** Call it every `reaperMs`. Throws `catalog/unavailable` when it could not look. */
  async look(): Promise<UpkeepReport> {
    const { jobs, clock } = this.#options;
    const look = new Look(jobs);
    const began = clock.monotonicMs();
    const lost = this.#observer.observe(await this.#leases(), began);
    await look.each(lost, (view) => {
      if (view.kind === 'backup') return this.#loseBackup(view, look);
      if (view.kind === 'use') return this.#loseUse(view, look);
      if (view.kind === 'restore') return this.#loseRestore(view, look);
      if (view.kind === 'copy') return this.#loseCopy(view, look);
      return view.kind === 'drill' ? this.#loseDrill(view, look) : this.#loseTask(view, look);
    });
    return look.report();
  }

  async #leases(): Promise<readonly LeaseView[]> {
    const { backups, tasks, restores, drills, copies } = this.#options.catalog;
    const [running, uses, runningTasks, runningRestores, runningDrills, runningCopies, pending] = await Promise.all([
      backups.inProgress(),
      backups.usesHeld(),
      tasks.inProgress(),
      restores.inProgress(),
      drills.inProgress(),
      copies.inProgress(),
      backups.pendingDue(this.#options.clock.now()),
    ]);
    // A pending `cli` record has an owner too: the command that made it and was to claim it at once.
    const ownersMayBeGone = pending
      .filter(({ trigger, commit }) => trigger === 'cli' && commit === null)
      .map(({ backupId, claim: { fence, beat } }): LeaseView => ({ kind: 'backup', id: backupId, fence, beat }));
    return [
      ...running,
      ...uses,
      ...runningTasks,
      ...runningRestores,
      ...runningDrills,
      ...runningCopies,
      ...ownersMayBeGone,
    ];
  }

  async #loseBackup({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    const record = await this.#options.catalog.backups.expire(id, { fence, beat }, this.#options.clock.now());
    if (record === null) return;
    look.expired(id, record.status);
    if (record.status === 'pending') await look.enqueue(backupJob(record));
    else await afterRun(this.#options, look, record.target);
  }

  /** Its holder is gone: the backup may be deleted again, or used by others. */
  async #loseUse({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    if (await this.#options.catalog.backups.expireUse(id, { fence, beat })) look.expired(id, 'unused');
  }

  async #loseRestore({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    const record = await this.#options.catalog.restores.expire(id, { fence, beat }, this.#options.clock.now());
    if (record === null) return;
    look.expired(id, record.status);
    if (record.status === 'pending') await look.enqueue(restoreJob(record));
    else await look.step(() => settleRestoreAlerts(this.#options, look));
  }

  async #loseDrill({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    const record = await this.#options.catalog.drills.expire(id, { fence, beat }, this.#options.clock.now());
    if (record === null) return;
    look.expired(id, record.status);
    if (record.status === 'pending') await look.enqueue(drillJob(record));
    else await look.step(() => settleDrillAlerts(this.#options, look));
  }

  /** Whoever works for its destination finds it again by its state. */
  async #loseCopy({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    const copy = await this.#options.catalog.copies.expire(id, { fence, beat });
    if (copy !== null) look.expired(id, copy.state);
  }

  async #loseTask({ id, fence, beat }: LeaseView, look: Look): Promise<void> {
    const task = await this.#options.catalog.tasks.expire(id, { fence, beat }, this.#options.clock.now());
    if (task === null) return;
    look.expired(id, task.status);
    if (task.status === 'pending') await look.enqueue(taskJob(task));
  }
}
