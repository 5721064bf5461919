import { Inject, Injectable } from '@nestjs/common';
import { deleteJob, isGood, useTexts, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import type { BackupRecord, Clock, JobSink } from '#contracts';
import { describeLock, findLock, type ObjectStore } from '#storage';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, STORE } from '../core/tokens.js';
import { keysOf } from '../downloads/stored-file.js';
import { ServiceLog } from '../logging/service-log.js';
import { findBackup, noSuchBackup, refused } from './find-backup.js';

export type DeleteOutcome = 'under-way' | 'done';
/** So long the look at a store's locks may take: the worker looks again. */
const lockLookMs = 1_000;

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
    @Inject(STORE) private readonly store: ObjectStore,
    @Inject(API_CONFIG) private readonly config: Pick<ApiConfig, 'store'>,
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
            'hazina show and hazina verify tell what stands under its id; nothing of it is removed by itself',
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
    if (record.use.kind !== null)
      throw refused(`The backup is in use: ${useTexts[record.use.kind]}`, 'Wait until it is over');
    if (await this.catalog.tasks.uses(backupId)) throw refused('The backup is being verified', 'Wait for the outcome');
    if (await this.catalog.restores.uses(backupId))
      throw refused('The backup is being restored', 'Wait for the outcome');
    if (await this.catalog.drills.uses(backupId)) throw refused('A drill restores the backup', 'Wait for the outcome');
    const lockedUntil = await this.#lock(record);
    if (lockedUntil !== null)
      throw refused(
        `It cannot be deleted: ${describeLock(lockedUntil)}`,
        'Ask again when the lock has ended; retention removes it by itself then',
      );
    if (!force && (await this.#isLastGood(record)))
      throw refused(`It is the last good backup of ${record.target}`, 'Add ?force=true to delete it all the same');
    const begun = await this.catalog.backups.beginDelete(backupId, by, this.clock.now(), { force });
    if (begun === null) throw refused('The state of the backup changed meanwhile', 'Look at it and try again');
    try {
      await this.queue.add(deleteJob(begun));
    } catch (error) {
      // The wish is in the record, where the reconciler finds it. Taking it back could cross a worker that has begun.
      this.log.failure(error, { backupId, consequence: 'the deletion begins when the queue is back' });
    }
    return 'under-way';
  }

  /** The worker's rule, as far as records tell: whether the objects stand, it looks up itself. */
  async #isLastGood(record: BackupRecord): Promise<boolean> {
    return isGood(record) && (await this.catalog.backups.otherGood(record, 1)).length === 0;
  }

  /** Only a bucket locks objects. One that does not answer now is left to the worker. */
  async #lock(record: BackupRecord): Promise<Date | null> {
    const keys = keysOf(record);
    if (this.config.store.kind !== 's3' || keys === null) return null;
    const { data, manifest, commit } = keys;
    const limit = AbortSignal.timeout(lockLookMs);
    return findLock(this.store, [data, manifest, commit], this.clock.now(), limit).catch(() => null);
  }
}
