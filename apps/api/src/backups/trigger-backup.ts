import { Inject, Injectable } from '@nestjs/common';
import { backupJob, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import { AppError, newBackupId, type BackupRecord, type Clock, type JobSink, type Random } from '#contracts';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import { invalid } from '../http/validation.pipe.js';
import { ServiceLog } from '../logging/service-log.js';
import type { TriggerDto } from './backup-requests.dto.js';
import type { Plain } from '../http/plain.js';

/** A manual backup: record and job, or neither. */
@Injectable()
export class TriggerBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** Throws `backup/already-running`, `target/unknown`, `queue/unavailable`, `catalog/unavailable`. */
  async trigger(wish: Plain<TriggerDto>, context: RequestContext): Promise<BackupRecord> {
    const target = this.#target(wish.target ?? undefined);
    const createdAt = this.clock.now();
    const { id: backupId } = await reserveId(context, newBackupId(target, createdAt, this.random));
    const inserted = await this.catalog.backups.insert({
      backupId,
      target,
      trigger: 'manual',
      slot: null,
      correlationId: context.correlationId,
      createdAt,
      label: wish.label ?? null,
      pinned: wish.pinned ?? false,
      jobNumber: 1,
    });
    if (inserted.outcome === 'busy') throw alreadyRunning(target, inserted.runningId);
    const { record } = inserted;
    // Of the same request, cut off before: it may have got any distance.
    if (inserted.outcome === 'exists' && record.status !== 'pending') return record;
    await enqueueOrWithdraw(
      { id: backupId, job: backupJob(record), withdraw: () => this.catalog.backups.withdraw(backupId) },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return record;
  }

  #target(wanted: string | undefined): string {
    const names = this.config.targets.map(({ name }) => name);
    if (wanted === undefined) {
      const [only, ...others] = names;
      if (only !== undefined && others.length === 0) return only;
      throw invalid([{ field: 'target', message: `target must be one of ${names.join(', ')}` }]);
    }
    if (names.includes(wanted)) return wanted;
    throw new AppError({
      code: 'target/unknown',
      stage: 'request',
      message: `There is no target ${wanted}`,
      hint: 'GET /api/admin/targets lists them',
    });
  }
}

function alreadyRunning(target: string, runningId: string): AppError {
  return new AppError({
    code: 'backup/already-running',
    stage: 'request',
    message: `The backup ${runningId} of ${target} is under way`,
    hint: 'Wait for it, or cancel it',
    details: { runningId },
  });
}
