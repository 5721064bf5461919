import { Inject, Injectable } from '@nestjs/common';
import { cancelWished } from '#catalog';
import { causeOf, type DrillRecord, type DrillReport, type JobPayloads, type Stage } from '#contracts';
import { drillDifferences, recordedObjects, runDrill, silentObserver } from '#pipeline';
import { holdDrill } from '../claims/hold.js';
import { surely } from '../claims/surely.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { drillDeps, drillRequestOf } from '../drills/drill-request.js';
import { endDrill, type ClaimedDrill } from '../drills/end-drill.js';
import { noteVerdict, type Drilled, type Verdict } from '../drills/note-verdict.js';
import { fromNearest, restoreSources } from '../restores/restore-sources.js';
import { logUpkeep } from '../upkeep/log-upkeep.js';
import type { JobProcessor } from './job-processor.js';

/** Restores a backup into a scratch target, compares everything, and drops it again. */
@Injectable()
export class DrillProcessor implements JobProcessor<'drill'> {
  readonly name = 'drill';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ drillId }: JobPayloads['drill'], signal: AbortSignal): Promise<void> {
    const { catalog, clock, owner } = this.parts;
    const claimedAt = clock.monotonicMs();
    const record = await catalog.drills.claim(drillId, owner, clock.now());
    if (record === null) {
      this.parts.log.debug('nothing to do', { drillId });
      return;
    }
    const { correlationId, backupId, targetName } = record;
    const log = this.parts.log.child({
      ...{ correlationId, drillId, backupId, restoreTarget: targetName, attempt: record.claim.fence },
    });
    const claim = holdDrill(this.parts, record, { claimedAt, log, signal });
    log.info('drill claimed', { choice: record.choice });
    try {
      await this.#run({ record, claim, log });
    } finally {
      await claim.stop();
    }
  }

  async #run(claimed: ClaimedDrill): Promise<void> {
    const { parts } = this;
    const { claim, log, record } = claimed;
    const drilled: Drilled = { backup: null, place: null };
    // How the drill itself ends does not hang on it.
    const note = (verdict: Verdict) =>
      noteVerdict(parts, { drill: record, drilled, log }, verdict, claim.signal).catch((trouble: unknown) => {
        log.failure('verdict not noted on the backup', trouble, 'catalog');
      });
    try {
      const report = await this.#drill(claimed, drilled);
      await note({ report });
      claim.ending();
      const done = { at: parts.clock.now(), report };
      const ended = await surely(parts, log, () => parts.catalog.drills.complete(claim.ref, done));
      if (ended === null) log.info('drill left to another', { code: 'run/fenced' });
      else await this.#tell(claimed, ended);
    } catch (thrown) {
      const error = causeOf(thrown, claim.signal, 'load');
      await note({ error });
      claim.ending();
      const ended = await endDrill(parts, { record, claim, log }, error);
      if (ended === null) return;
      await this.#tell(claimed, ended);
      if (ended.status === 'failed') throw error;
    }
  }

  async #drill({ record, claim, log }: ClaimedDrill, drilled: Drilled): Promise<DrillReport> {
    const { catalog } = this.parts;
    const { signal } = claim;
    const { drillId, backupId, target, targetName, cancelRequestedAt } = record;
    // What an earlier run left is dropped by whoever looks for abandoned drills.
    if (cancelRequestedAt !== null) throw cancelWished(drillId);
    const observer = {
      ...silentObserver,
      stage: (stage: Stage) => void catalog.drills.stage(claim.ref, stage).catch(() => undefined),
      warning: (text: string) => log.warn('drill', { reason: text }),
    };
    const request = drillRequestOf(this.parts, {
      ...{ runId: drillId, fence: record.claim.fence, backupId, target, targetName },
    });
    drilled.backup = await catalog.backups.find(backupId);
    const recorded = recordedObjects(drilled.backup);
    // Where the nearest place is away the next is drilled; what one that answers has is proven or found bad, and no other place hides it.
    return fromNearest(await restoreSources(this.parts, backupId), {
      signal,
      onNext: observer.warning,
      read: async ({ name, store, require }, keep) => {
        await require(signal);
        keep();
        drilled.place = name;
        return runDrill(drillDeps({ ...this.parts, store }, observer), { ...request, recorded }, signal);
      },
    });
  }

  async #tell({ log }: ClaimedDrill, ended: DrillRecord): Promise<void> {
    const { metrics, clock, upkeep } = this.parts;
    const { target, status, report, errorMessage, error } = ended;
    if (report !== null) {
      const { outcome, documents, restoreMs, compareMs, namespaces, warnings } = report;
      const facts = { outcome, documents, namespaces: namespaces.length, restoreMs, compareMs, warnings };
      if (outcome === 'equal') log.info('drill completed', facts);
      else log.error('drill found differences', { ...facts, differences: drillDifferences(report).slice(0, 20) });
    } else if (status === 'failed') {
      log.error('drill failed', { code: error?.code, reason: errorMessage, hint: error?.hint });
    } else {
      log.info('drill cancelled');
    }
    metrics.drillEnded({ target, result: status, at: clock.now(), restoreMs: report?.restoreMs ?? null });
    logUpkeep(log, await upkeep.afterDrill());
  }
}
