import { Inject, Injectable } from '@nestjs/common';
import { marksJob, type Catalog } from '#catalog';
import type { BackupRecord, BackupState, Clock, JobSink } from '#contracts';
import { CATALOG, CLOCK, JOB_QUEUE } from '../core/tokens.js';
import { invalid } from '../http/validation.pipe.js';
import { ServiceLog } from '../logging/service-log.js';
import type { BackupDto } from './backup.dto.js';
import type { MarksDto } from './backup-requests.dto.js';
import { findBackup, noSuchBackup, refused } from './find-backup.js';
import { toBackup } from './to-backup.js';
import type { Plain } from '../http/plain.js';

/** Changes of a record that take effect by themselves; the queue only makes them quicker. */
@Injectable()
export class ChangeBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** The state after the wish was taken. */
  async cancel(backupId: string, by: string): Promise<BackupState> {
    const { status } = await findBackup(this.catalog, backupId);
    const outcome = await this.catalog.backups.requestCancel(backupId, by, this.clock.now());
    switch (outcome) {
      case 'cancelled':
        return 'cancelled';
      case 'requested':
        return 'in_progress';
      case 'not-found':
        throw noSuchBackup();
      case 'too-late':
        throw refused(
          status === 'in_progress' ? 'The backup is complete and being committed' : `The backup is ${status}`,
          'Only a backup that waits or runs can be cancelled',
        );
    }
  }

  /** The record decides; the marks in the store follow (spec/objects.md, "Marks"). */
  async setMarks(backupId: string, { pinned, label }: Plain<MarksDto>): Promise<Plain<BackupDto>> {
    if (pinned === undefined && label === undefined)
      throw invalid([{ field: '', message: 'at least one of pinned and label must be given' }]);
    const before = await findBackup(this.catalog, backupId);
    const record = await this.catalog.backups.setMarks(backupId, {
      ...(pinned === undefined ? {} : { pinned }),
      ...(label === undefined ? {} : { label: label === '' ? null : label }),
    });
    if (record === null)
      throw refused(`The backup is ${before.status}: it has no marks any more`, 'Pin or label one that is still there');
    if (record.status === 'completed') await this.#enqueue(record);
    return toBackup(record, await this.catalog.copies.of([backupId]));
  }

  async #enqueue(record: BackupRecord): Promise<void> {
    try {
      await this.queue.add(marksJob(record));
    } catch (error) {
      this.log.failure(error, {
        backupId: record.backupId,
        consequence: 'the marks are written when the queue is back',
      });
    }
  }
}
