import { Inject, Injectable } from '@nestjs/common';
import { commitRecord } from '#catalog';
import { AppError, type JobPayloads } from '#contracts';
import { requireStore, settleCommit } from '#pipeline';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { JobProcessor } from './job-processor.js';

/** Puts the `backup.json` of a backup that was sealed anew, where that was broken off after its commit (1). Repeatable: the reconciler adds the job again until the store agrees. */
@Injectable()
export class RecommitProcessor implements JobProcessor<'recommit'> {
  readonly name = 'recommit';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ backupId }: JobPayloads['recommit'], signal: AbortSignal): Promise<void> {
    const { catalog, store, storeId } = this.parts;
    const record = await catalog.backups.find(backupId);
    if (record?.status !== 'completed' || !record.commitDue) return;
    const log = this.parts.log.child({ correlationId: record.correlationId, backupId });
    await requireStore(store, storeId, signal);
    try {
      const settled = await settleCommit({ store, record: commitRecord(catalog.backups, backupId) }, backupId, signal);
      if (settled) log.info('the new backup.json stands');
    } catch (error) {
      // Lost or deleted meanwhile, or for people to look at: a try of this job again tells nothing new, the next look of the reconciler does.
      if (!(error instanceof AppError) || !['backup/missing', 'commit/conflict'].includes(error.code)) throw error;
      log.failure('the new backup.json was not put', error, 'commit');
    }
  }
}
