import { Inject, Injectable } from '@nestjs/common';
import type { BackupRecord, JobPayloads } from '#contracts';
import { startResourceMeter, type ResourceMeter } from '#metrics';
import { blackoutEnd } from '../backups/blackout-end.js';
import { completeBackup } from '../backups/complete-backup.js';
import { endBackup } from '../backups/end-backup.js';
import type { ClaimedBackup } from '../backups/claimed-backup.js';
import { makeBackup } from '../backups/make-backup.js';
import { tellEnd } from '../backups/tell-end.js';
import { holdBackup } from '../claims/hold.js';
import { RecordObserver } from '../claims/record-observer.js';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import { DumpEngines } from '../engines/dump-engines.js';
import type { WorkerLog } from '../logging/worker-log.js';
import type { JobProcessor } from './job-processor.js';

/** Makes the backup of a pending record, or finishes its commit (docs/DESIGN.md, "A backup in words"). */
@Injectable()
export class BackupProcessor implements JobProcessor<'backup'> {
  readonly name = 'backup';

  constructor(
    @Inject(PARTS) private readonly parts: WorkerParts,
    @Inject(DumpEngines) private readonly engines: DumpEngines,
  ) {}

  async process({ backupId }: JobPayloads['backup'], signal: AbortSignal): Promise<void> {
    const { catalog, clock, owner } = this.parts;
    const waiting = await catalog.backups.find(backupId);
    // A `cli` record is dumped by its maker alone.
    if (waiting === null || (waiting.trigger === 'cli' && waiting.commit === null)) return;
    const until = blackoutEnd(this.parts, waiting, clock.now());
    if (waiting.status === 'pending' && until !== null) return this.#wait(waiting, until);
    const claimedAt = clock.monotonicMs();
    const record = await this.#claim(waiting, owner);
    if (record === 'full') {
      this.parts.log.info('waits for a place in the fleet', { backupId, target: waiting.target });
      return;
    }
    if (record === null) {
      this.parts.log.debug('nothing to do', { backupId, status: waiting.status });
      return;
    }
    const {
      target,
      correlationId,
      trigger,
      claim: { fence: attempt },
    } = record;
    const log = this.parts.log.child({ correlationId, backupId, attempt, target });
    const claim = holdBackup(this.parts, record, { claimedAt, log, signal });
    const observer = new RecordObserver(catalog.backups, claim, clock, this.parts.tuning.progressMs, log);
    const meter = startResourceMeter(clock);
    log.info('backup claimed', { trigger, committed: record.commit !== null });
    this.parts.metrics.backupStarted({ target, at: clock.now(), slot: record.slot });
    try {
      await this.#run(record, { record, claim, observer, log }, meter, log, signal);
    } finally {
      meter.stop();
      await observer.stop();
      await claim.stop();
    }
  }

  /** The reconciler adds the job when it is due. */
  async #wait({ backupId, target }: BackupRecord, until: Date): Promise<void> {
    const reason = `Not before ${until.toISOString()}, the end of a blackout of ${target}`;
    if (await this.parts.catalog.backups.postpone(backupId, until, reason))
      this.parts.log.info('waits for the end of a blackout', { backupId, target, until });
  }

  /** What is committed already is only finished, and takes no place. */
  #claim({ backupId, commit }: BackupRecord, owner: string): Promise<BackupRecord | 'full' | null> {
    const { catalog, clock, config } = this.parts;
    const { fleetConcurrency } = config;
    if (fleetConcurrency === null || commit !== null) return catalog.backups.claim(backupId, owner, clock.now());
    return catalog.backups.claimWithin(backupId, owner, clock.now(), fleetConcurrency);
  }

  async #run(
    record: BackupRecord,
    claimed: ClaimedBackup,
    meter: ResourceMeter,
    log: WorkerLog,
    signal: AbortSignal,
  ): Promise<void> {
    const { parts } = this;
    const { claim, observer } = claimed;
    const began = parts.clock.monotonicMs();
    const ended = () => ({ record, durationSeconds: (parts.clock.monotonicMs() - began) / 1000 });
    try {
      const { outcome, place } = await makeBackup(parts, this.engines, claimed);
      const resources = outcome.resumed ? null : meter.finish(outcome.backup.totals.archiveBytes);
      claim.ending();
      await observer.stop();
      const isCompleted = await completeBackup(parts, claimed, { outcome, resources, place }, { log, signal });
      if (!isCompleted) log.warn('the record has moved on without this run', { code: 'run/fenced' });
      else await tellEnd(parts, log, { ...ended(), state: 'completed', outcome, resources });
    } catch (error) {
      claim.ending();
      await observer.stop();
      const resources = meter.finish(observer.archiveBytes);
      const ending = await endBackup(parts, claimed, error, { log, resources });
      await tellEnd(parts, log, { ...ended(), ...ending, resources });
      if (ending.state === 'failed') throw ending.error;
    }
  }
}
