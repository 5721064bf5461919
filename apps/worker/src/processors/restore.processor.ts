import { Inject, Injectable } from '@nestjs/common';
import type { JobPayloads, RestoreRecord } from '#contracts';
import { fenced } from '#catalog';
import { holdRestore } from '../claims/hold.js';
import { surely } from '../claims/surely.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { endRestore } from '../restores/end-restore.js';
import type { ClaimedRestore } from '../restores/claimed-restore.js';
import { makeRestore } from '../restores/make-restore.js';
import { RestoreObserver } from '../restores/restore-observer.js';
import { tellRestore } from '../restores/tell-restore.js';
import type { JobProcessor } from './job-processor.js';

/** Loads a backup into a restore target, or finishes what another worker had begun there. */
@Injectable()
export class RestoreProcessor implements JobProcessor<'restore'> {
  readonly name = 'restore';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ restoreId }: JobPayloads['restore'], signal: AbortSignal): Promise<void> {
    const { catalog, clock, owner, tuning } = this.parts;
    const claimedAt = clock.monotonicMs();
    const record = await catalog.restores.claim(restoreId, owner, clock.now());
    if (record === null) {
      this.parts.log.debug('nothing to do', { restoreId });
      return;
    }
    const { correlationId, backupId, targetName, mode, dryRun } = record;
    const log = this.parts.log.child({
      ...{ correlationId, restoreId, backupId, restoreTarget: targetName, attempt: record.claim.fence },
    });
    const isCancelled = record.cancelRequestedAt !== null;
    const claim = holdRestore(this.parts, record, { claimedAt, log, signal }, isCancelled);
    const observer = new RestoreObserver(
      catalog.restores,
      claim,
      clock,
      tuning.progressMs,
      log,
      record.phase ?? 'loading',
      record.mayLeave === true,
    );
    log.info('restore claimed', { mode, dryRun });
    try {
      await this.#run(record, { record, claim, observer, log });
    } finally {
      await observer.stop();
      await claim.stop();
    }
  }

  async #run(record: RestoreRecord, claimed: ClaimedRestore): Promise<void> {
    const { parts } = this;
    const { claim, observer, log } = claimed;
    const began = parts.clock.monotonicMs();
    const seconds = () => (parts.clock.monotonicMs() - began) / 1000;
    try {
      const report = await makeRestore(parts, claimed);
      claim.ending();
      await observer.stop();
      const done = { at: parts.clock.now(), report };
      const ended = await surely(parts, log, () => parts.catalog.restores.complete(claim.ref, done));
      if (ended === null) throw fenced(record.restoreId, 'the record has moved on without this run');
      await tellRestore(parts, log, { state: 'completed', record: ended }, seconds());
    } catch (error) {
      claim.ending();
      await observer.stop();
      const ending = await endRestore(parts, claimed, error);
      await tellRestore(parts, log, ending, seconds());
      if (ending.state === 'failed') throw ending.error;
    }
  }
}
