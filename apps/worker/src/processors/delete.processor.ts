import { Inject, Injectable } from '@nestjs/common';
import { deletionCatalog, recordRefusal, recordRemoval } from '#catalog';
import { AppError, type BackupRecord, type JobPayloads } from '#contracts';
import { runDelete } from '#pipeline';
import type { ObjectStore } from '#storage';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { placeOf } from '../replicas/backup-place.js';
import { clearMissing, raiseMissing } from '../verifications/missing-alert.js';
import type { JobProcessor } from './job-processor.js';

/** Removes a backup whose record is `deleting` (spec/objects.md, "Deletion"). Repeatable: the reconciler adds the job again until it is done or refused. */
@Injectable()
export class DeleteProcessor implements JobProcessor<'delete'> {
  readonly name = 'delete';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ backupId }: JobPayloads['delete'], signal: AbortSignal): Promise<void> {
    const { catalog, clock } = this.parts;
    const record = await catalog.backups.find(backupId);
    if (record?.status !== 'deleting') return;
    const { correlationId, target } = record;
    const log = this.parts.log.child({ correlationId, backupId, target });
    const place = placeOf(this.parts, record);
    await place.require(signal);
    // Whoever works on a copy of it sees that it is to go, and lets go of it: the reconciler adds this job again.
    if (await catalog.copies.uses(backupId)) {
      log.info('deletion waits: it is being copied to a destination');
      return;
    }
    const result = await this.#delete(place.store, record, signal);
    // A volume that was unmounted meanwhile has nothing: the record stays as it is, and the deletion is taken up again.
    await place.require(signal);
    if (result.outcome === 'deleted') {
      await recordRemoval(catalog.backups, backupId, { by: 'the worker that removed it', at: clock.now() });
      await clearMissing(this.parts, record, `Backup ${backupId}, which was missing in the store, was deleted`);
      log.info('backup deleted', { freedBytes: result.freedBytes });
    } else if ((await recordRefusal(catalog.backups, backupId, result, clock.now())) === 'waits') {
      log.info(`deletion waits: ${result.message}`);
    } else {
      if (result.outcome === 'refused' && result.isGone)
        await raiseMissing(this.parts, record, 'its backup.json is not in the store');
      log.warn('deletion refused', { reason: result.message });
    }
  }

  async #delete(
    store: ObjectStore,
    { backupId, deleteForced: force }: BackupRecord,
    signal: AbortSignal,
  ): Promise<
    | { readonly outcome: 'deleted'; readonly freedBytes: number }
    | { readonly outcome: 'waits'; readonly message: string }
    | { readonly outcome: 'refused'; readonly isGone: boolean; readonly message: string }
  > {
    const { catalog, clock } = this.parts;
    try {
      return await runDelete({ store, clock, catalog: deletionCatalog(catalog) }, { backupId, force }, signal);
    } catch (error) {
      // A lock or a missing right, before anything was removed: a backup as before. Later than that the deletion is finished some time.
      const refused = error instanceof AppError && ['store/refused', 'store/locked'].includes(error.code);
      if (refused && error.details['standing'] === true)
        return { outcome: 'refused', isGone: false, message: error.message };
      throw error;
    }
  }
}
