import { Inject, Injectable } from '@nestjs/common';
import { taskJob, type Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import {
  AppError,
  compactTime,
  randomSuffix,
  type Clock,
  type JobSink,
  type Random,
  type TaskRecord,
} from '#contracts';
import { toError } from '../backups/to-backup.js';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import type { CleanupDto, CleanupStateDto } from './cleanups.dto.js';
import { unknownTarget } from './unknown-target.js';
import type { Plain } from '../http/plain.js';

/** The daily ones of the schedule have their slot and no random end. */
const cleanupIdPattern = /^cleanup-\d{8}T\d{6}Z(-[a-z0-9]{6})?$/;

@Injectable()
export class CleanupsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** Task and job, or neither. */
  async begin(wish: Plain<CleanupDto>, context: RequestContext): Promise<string> {
    const target = wish.target ?? null;
    const known = new Set(this.config.targets.map(({ name }) => name));
    // A target that was taken out of the configuration may still have backups: known is also what has records.
    if (target !== null && !known.has(target) && !(await this.catalog.backups.targets()).includes(target))
      throw unknownTarget(target);
    const createdAt = this.clock.now();
    const fresh = `cleanup-${compactTime(createdAt)}-${randomSuffix(this.random, 6)}`;
    const { id: taskId, repeated } = await reserveId(context, fresh);
    if (repeated && (await this.catalog.tasks.find(taskId)) !== null) return taskId;
    await this.catalog.tasks.insert({
      taskId,
      kind: 'cleanup',
      createdAt,
      correlationId: context.correlationId,
      backupId: null,
      level: null,
      cleanup: { target, dryRun: wish.dryRun ?? false, confirm: wish.confirm ?? null },
    });
    await enqueueOrWithdraw(
      {
        id: taskId,
        job: taskJob({ taskId, kind: 'cleanup', jobNumber: 1 }),
        withdraw: () => this.catalog.tasks.withdraw(taskId),
      },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return taskId;
  }

  async find(cleanupId: string): Promise<Plain<CleanupStateDto>> {
    const task = cleanupIdPattern.test(cleanupId) ? await this.catalog.tasks.find(cleanupId) : null;
    if (task?.kind === 'cleanup') return toCleanup(task);
    throw new AppError({ code: 'cleanup/not-found', stage: 'request', message: 'There is no cleanup of this id' });
  }
}

function toCleanup(task: TaskRecord): Plain<CleanupStateDto> {
  const { result } = task;
  return {
    cleanupId: task.taskId,
    status: task.status,
    target: task.cleanup?.target ?? null,
    dryRun: task.cleanup?.dryRun ?? false,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
    correlationId: task.correlationId,
    result: result && {
      dryRun: result.dryRun,
      decisions: result.decisions.map(({ backupId, decision, reasons }) => ({
        backupId,
        decision,
        reasons: [...reasons],
      })),
      removed: result.removed,
      freedBytes: result.freedBytes,
      orphansRemoved: result.orphansRemoved,
      recordsPurged: result.recordsPurged,
      reports: [...result.reports],
    },
    errorMessage: task.errorMessage,
    error: toError(task.error),
  };
}
