import { Inject, Injectable } from '@nestjs/common';
import { taskJob, type Catalog } from '#catalog';
import { AppError, type Clock, type JobSink, type VerificationLevel } from '#contracts';
import type { ApiConfig } from '#config';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE } from '../core/tokens.js';
import { scratchTargetFor } from '../drills/scratch-target.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import { findBackup, notCompleted, refused } from './find-backup.js';

/** A verification that a person asked for: task and job, or neither. */
@Injectable()
export class VerifyBackup {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: Pick<ApiConfig, 'targets' | 'restoreTargets'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  async verify(backupId: string, level: VerificationLevel, context: RequestContext): Promise<string> {
    if (level === 'restored' && !this.config.restoreTargets.some(({ scratch }) => scratch)) {
      throw new AppError({
        code: 'request/unsupported',
        stage: 'request',
        message: 'The level restored restores into a scratch database, and no scratch target is declared',
        hint: 'Set RESTORE_TARGETS and RESTORE_TARGET_<NAME>_SCRATCH=true, or use readable: every byte is opened and checked',
      });
    }
    const record = await findBackup(this.catalog, backupId);
    // Refused now rather than by the worker: the one of the target's own settings is none.
    if (level === 'restored') scratchTargetFor(this.config, record.target, undefined);
    if (record.status !== 'completed' || record.use.kind === 'rewrite') throw notCompleted(record);
    const number = await this.catalog.tasks.nextVerificationNumber(backupId);
    const { id: verificationId, repeated } = await reserveId(context, `${backupId}-v${number}`);
    if (repeated && (await this.catalog.tasks.find(verificationId)) !== null) return verificationId;
    const inserted = await this.catalog.tasks.insert({
      taskId: verificationId,
      kind: 'verify',
      createdAt: this.clock.now(),
      correlationId: context.correlationId,
      backupId,
      level,
      cleanup: null,
    });
    if (!inserted) throw refused('A verification of this backup is under way', 'Wait for its outcome');
    await enqueueOrWithdraw(
      {
        id: verificationId,
        job: taskJob({ taskId: verificationId, kind: 'verify', jobNumber: 1 }),
        withdraw: () => this.catalog.tasks.withdraw(verificationId),
      },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return verificationId;
  }
}
