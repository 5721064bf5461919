import type { DrillRecord, RestoreRecord, TaskRecord } from '#contracts';
import { LeaseObserver } from '../lease-observer.js';
import { promote } from './after-run.js';
import { settleAlerts } from './alert-states.js';
import {
  deleteJob,
  drillJob,
  marksJob,
  marksRetryJob,
  notifyJob,
  recommitJob,
  restoreJob,
  taskJob,
} from './follow-up-jobs.js';
import { settleDrillAlerts } from './drill-alerts.js';
import { enqueueDueBackups } from './due-backups.js';
import { Look, type UpkeepReport } from './report.js';
import { settleRestoreAlerts } from './restore-alerts.js';
import { deliveryLeaseMs, type UpkeepOptions } from './upkeep-options.js';
import { verifyAgain, verifyNew } from './verifications.js';

/**
 * Finds by their state the follow-ups that a crash, a lost queue or a failed call left undone, and enqueues them. Every job that it adds may be added
 * twice: jobs claim their record, or are repeatable.
 */
export class Reconciler {
  readonly #options: UpkeepOptions;
  readonly #deliveries: LeaseObserver;

  constructor(options: UpkeepOptions) {
    const { lease, clock } = options;
    this.#options = options;
    this.#deliveries = new LeaseObserver({ leaseMs: deliveryLeaseMs, intervalMs: lease.reaperMs, clock });
  }

  /** Call it every `reaperMs`. What could not be done is in the report's `problems`, and found again by the next look. */
  async look(): Promise<UpkeepReport> {
    const options = this.#options;
    const { catalog, jobs, clock } = options;
    const { backups, tasks, restores, drills, alerts } = catalog;
    const look = new Look(jobs);
    const now = clock.now();
    await look.step(() => enqueueDueBackups(options, look));
    await look.step(async () => {
      await look.each(await backups.waitingTargets(), (target) => promote(options, look, target));
    });
    await look.step(async () => {
      await look.each(await tasks.unrecorded(), (task) => this.#recordOutcome(task));
    });
    await look.step(() => verifyNew(options, look));
    await look.step(() => verifyAgain(options, look));
    await look.step(async () => {
      await look.each(await tasks.pendingDue(now), (task) => this.#ensureTaskJob(look, task));
    });
    await look.step(async () => {
      await look.each(await restores.pendingDue(now), (restore) => this.#ensureRestoreJob(look, restore));
    });
    await look.step(async () => {
      await look.each(await drills.pendingDue(now), (drill) => this.#ensureDrillJob(look, drill));
    });
    await look.step(async () => {
      await look.each(await backups.deleting(), (id) => this.#ensureDeleteJob(look, id));
    });
    await look.step(async () => {
      await look.each(await backups.recommitsDue(), (id) => this.#ensureRecommitJob(look, id));
    });
    await look.step(async () => {
      await look.each(await backups.marksBehind(), (id) => this.#ensureMarksJob(look, id));
    });
    await look.step(() => settleAlerts(options, look));
    await look.step(() => settleRestoreAlerts(options, look));
    await look.step(() => settleDrillAlerts(options, look));
    await look.step(async () => {
      const began = clock.monotonicMs();
      const lost = this.#deliveries.observe(await alerts.delivering(), began);
      await look.each(lost, async ({ id, fence }) => {
        await alerts.expireDelivery(id, fence);
      });
    });
    await look.step(async () => {
      await look.each(await alerts.undelivered(now), async ({ notificationId, takes }) => {
        const job = notifyJob(notificationId, takes);
        if (!(await look.isLive(job))) await look.enqueue(job);
      });
    });
    return look.report();
  }

  async #ensureTaskJob(look: Look, task: TaskRecord): Promise<void> {
    if (await look.isLive(taskJob(task))) return;
    const jobNumber = await this.#options.catalog.tasks.nextJob(task.taskId, task.jobNumber);
    if (jobNumber !== null) await look.enqueue(taskJob({ ...task, jobNumber }));
  }

  async #ensureRestoreJob(look: Look, restore: RestoreRecord): Promise<void> {
    if (await look.isLive(restoreJob(restore))) return;
    const jobNumber = await this.#options.catalog.restores.nextJob(restore.restoreId, restore.jobNumber);
    if (jobNumber !== null) await look.enqueue(restoreJob({ ...restore, jobNumber }));
  }

  async #ensureDrillJob(look: Look, drill: DrillRecord): Promise<void> {
    if (await look.isLive(drillJob(drill))) return;
    const jobNumber = await this.#options.catalog.drills.nextJob(drill.drillId, drill.jobNumber);
    if (jobNumber !== null) await look.enqueue(drillJob({ ...drill, jobNumber }));
  }

  async #ensureDeleteJob(look: Look, backupId: string): Promise<void> {
    const { backups } = this.#options.catalog;
    const record = await backups.find(backupId);
    if (record?.status !== 'deleting' || (await look.isLive(deleteJob(record)))) return;
    const jobNumber = await backups.nextJob(backupId, record.jobNumber);
    if (jobNumber !== null) await look.enqueue(deleteJob({ backupId, jobNumber }));
  }

  async #ensureRecommitJob(look: Look, backupId: string): Promise<void> {
    const { backups } = this.#options.catalog;
    const record = await backups.find(backupId);
    if (record?.commitDue !== true || (await look.isLive(recommitJob(record)))) return;
    const jobNumber = await backups.nextJob(backupId, record.jobNumber);
    if (jobNumber !== null) await look.enqueue(recommitJob({ backupId, jobNumber }));
  }

  async #ensureMarksJob(look: Look, backupId: string): Promise<void> {
    const { backups } = this.#options.catalog;
    const record = await backups.find(backupId);
    if (record === null || (await look.isLive(marksJob(record))) || (await look.isLive(marksRetryJob(record)))) return;
    const jobNumber = await backups.nextJob(backupId, record.jobNumber);
    if (jobNumber !== null) await look.enqueue(marksRetryJob({ ...record, jobNumber }));
  }

  /** The worker ended the verification and then could not note it on the backup. */
  async #recordOutcome(task: TaskRecord): Promise<void> {
    const { backups } = this.#options.catalog;
    const backupId = task.backupId ?? '';
    const record = await backups.find(backupId);
    await backups.verified(backupId, task, record?.hash ?? null);
  }
}
