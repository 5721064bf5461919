import type { TaskRecord } from '#contracts';
import { LeaseObserver } from '../lease-observer.js';
import { promote } from './after-run.js';
import { settleAlerts } from './alert-states.js';
import { deleteJob, marksJob, marksRetryJob, notifyJob, recommitJob } from './follow-up-jobs.js';
import { settleDrillAlerts } from './drill-alerts.js';
import { enqueueDueBackups } from './due-backups.js';
import { settleMissingAlerts } from './missing-alerts.js';
import { Look, type UpkeepReport } from './report.js';
import { settleRestoreAlerts } from './restore-alerts.js';
import { deliveryLeaseMs, type UpkeepOptions } from './upkeep-options.js';
import { verifyAgain, verifyNew } from './verifications.js';
import { jobOfBackup, jobOfDrill, jobOfRestore, jobOfTask } from './waiting-job.js';

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
      await look.each(await tasks.pendingDue(now), (task) => look.ensure(jobOfTask(catalog, task)));
    });
    await look.step(async () => {
      await look.each(await restores.pendingDue(now), (restore) => look.ensure(jobOfRestore(catalog, restore)));
    });
    await look.step(async () => {
      await look.each(await drills.pendingDue(now), (drill) => look.ensure(jobOfDrill(catalog, drill)));
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
    await look.step(() => settleMissingAlerts(options, look));
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

  async #ensureDeleteJob(look: Look, backupId: string): Promise<void> {
    const { catalog } = this.#options;
    const record = await catalog.backups.find(backupId);
    if (record?.status === 'deleting') await look.ensure(jobOfBackup(catalog, record, deleteJob));
  }

  async #ensureRecommitJob(look: Look, backupId: string): Promise<void> {
    const { catalog } = this.#options;
    const record = await catalog.backups.find(backupId);
    if (record?.commitDue === true) await look.ensure(jobOfBackup(catalog, record, recommitJob));
  }

  async #ensureMarksJob(look: Look, backupId: string): Promise<void> {
    const { catalog } = this.#options;
    const record = await catalog.backups.find(backupId);
    if (record === null || (await look.isLive(marksJob(record)))) return;
    await look.ensure(jobOfBackup(catalog, record, marksRetryJob));
  }

  /** The worker ended the verification and then could not note it on the backup. */
  async #recordOutcome(task: TaskRecord): Promise<void> {
    const { backups } = this.#options.catalog;
    const backupId = task.backupId ?? '';
    const record = await backups.find(backupId);
    await backups.verified(backupId, task, record?.hash ?? null);
  }
}
