import { Inject, Injectable } from '@nestjs/common';
import { AppError, type JobPayloads } from '#contracts';
import { requireStore, writeMarks, type MarksChange } from '#pipeline';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { JobProcessor } from './job-processor.js';

/** Writes pin and label of a record to the store's marks (spec/objects.md, "Marks"). Repeatable: the reconciler adds the job again until both agree. */
@Injectable()
export class MarksProcessor implements JobProcessor<'marks'> {
  readonly name = 'marks';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ backupId }: JobPayloads['marks'], signal: AbortSignal): Promise<void> {
    const { catalog, store, clock } = this.parts;
    const record = await catalog.backups.find(backupId);
    if (record?.status !== 'completed' || record.marks.written >= record.marks.wanted) return;
    const { correlationId } = record;
    const log = this.parts.log.child({ correlationId, backupId });
    await requireStore(store, this.parts.storeId, signal);
    try {
      const written = await writeMarks({ store, clock }, backupId, () => this.#wanted(backupId), signal);
      if (written === null) return;
      const { version, pinned, label } = written.marks;
      await catalog.backups.marksWritten(backupId, written.change.version);
      log.info('marks written', { version, pinned, label });
    } catch (error) {
      // Deleted meanwhile: nothing is left to be marked.
      if (error instanceof AppError && error.code === 'backup/not-found')
        log.failure('marks not written', error, 'store');
      else throw error;
    }
  }

  /** What the record wants now: a writer that was asleep must not bring back what it once read. */
  async #wanted(backupId: string): Promise<MarksChange | null> {
    const record = await this.parts.catalog.backups.find(backupId);
    if (record?.status !== 'completed') return null;
    const { pinned, label, marks } = record;
    return { version: marks.wanted, pinned, label };
  }
}
