import { Inject, Injectable } from '@nestjs/common';
import { deleteJob, isGood, type Catalog } from '#catalog';
import type { BackupRecord, Clock, JobSink } from '#contracts';
import { CATALOG, CLOCK, JOB_QUEUE } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { findBackup, noSuchBackup, refused } from './find-backup.js';

export type DeleteOutcome = 'under-way' | 'done';
/** So many of the newest completed backups are looked at for another good one. */
const looked = 100;

/**
 * First look at a deletion. The worker marks, checks again and removes (spec/objects.md, "Deletion"); what is refused here is refused
 * early and in words, what slips through is refused there.
 */
@Injectable()
export class DeleteBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  async delete(backupId: string, by: string, force: boolean): Promise<DeleteOutcome> {
    const record = await findBackup(this.catalog, backupId);
    switch (record.status) {
      case 'deleted':
        throw noSuchBackup();
      case 'pending':
      case 'in_progress':
        throw refused('The backup is under way', 'Cancel it first');
      case 'failed':
      case 'cancelled':
        if (record.error?.code === 'commit/conflict')
          throw refused(
            'Its commit met something else in the store, and a whole backup may stand there',
            'Look into its folder: hazina catalog sync takes in what stands; nothing of it is removed by itself',
          );
        // Nothing of it is in the store but what the sweeper removes anyway.
        await this.catalog.backups.deleted(backupId, this.clock.now());
        return 'done';
      case 'deleting':
        return 'under-way';
      case 'completed':
      case 'missing':
        return this.#begin(record, by, force);
    }
  }

  async #begin(record: BackupRecord, by: string, force: boolean): Promise<DeleteOutcome> {
    const { backupId } = record;
    if (record.pinned) throw refused('The backup is pinned', 'Unpin it first');
    if (await this.catalog.tasks.uses(backupId)) throw refused('The backup is being verified', 'Wait for the outcome');
    if (await this.catalog.restores.uses(backupId))
      throw refused('The backup is being restored', 'Wait for the outcome');
    if (!force && (await this.#isLastGood(record)))
      throw refused(`It is the last good backup of ${record.target}`, 'Add ?force=true to delete it all the same');
    const begun = await this.catalog.backups.beginDelete(backupId, by, this.clock.now(), force);
    if (begun === null) throw refused('The state of the backup changed meanwhile', 'Look at it and try again');
    try {
      await this.queue.add(deleteJob(begun));
    } catch (error) {
      // The wish is in the record, where the reconciler finds it. Taking it back could cross a worker that has begun.
      this.log.failure(error, { backupId, consequence: 'the deletion begins when the queue is back' });
    }
    return 'under-way';
  }

  async #isLastGood(record: BackupRecord): Promise<boolean> {
    if (!isGood(record)) return false;
    const { data } = await this.catalog.backups.list({
      page: 1,
      limit: looked,
      status: 'completed',
      target: record.target,
      sortBy: 'completedAt',
      sortOrder: 'desc',
    });
    return !data.some((other) => other.backupId !== record.backupId && isGood(other));
  }
}
