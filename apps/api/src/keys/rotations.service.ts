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
import { unknownTarget } from '../cleanups/unknown-target.js';
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import type { RotationDto, RotationStateDto } from './rotations.dto.js';

const rotationIdPattern = /^rotation-\d{8}T\d{6}Z-[a-z0-9]{6}$/;

/** Rotations of keys. The API holds no key: it asks, a worker does. */
@Injectable()
export class RotationsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** Task and job, or neither. */
  async begin(wish: Plain<RotationDto>, context: RequestContext): Promise<string> {
    const target = wish.target ?? null;
    if (target !== null && !(await this.#isKnown(target))) throw unknownTarget(target);
    const createdAt = this.clock.now();
    const fresh = `rotation-${compactTime(createdAt)}-${randomSuffix(this.random, 6)}`;
    const { id: taskId, repeated } = await reserveId(context, fresh);
    if (repeated && (await this.catalog.tasks.find(taskId)) !== null) return taskId;
    await this.catalog.tasks.insert({
      ...{ taskId, kind: 'rotate', createdAt, correlationId: context.correlationId },
      ...{ backupId: null, level: null, cleanup: null },
      rotation: { target, dryRun: wish.dryRun ?? false },
    });
    await enqueueOrWithdraw(
      {
        id: taskId,
        job: taskJob({ taskId, kind: 'rotate', jobNumber: 1 }),
        withdraw: () => this.catalog.tasks.withdraw(taskId),
      },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return taskId;
  }

  async find(rotationId: string): Promise<Plain<RotationStateDto>> {
    const task = rotationIdPattern.test(rotationId) ? await this.catalog.tasks.find(rotationId) : null;
    if (task?.kind === 'rotate') return toRotation(task);
    throw new AppError({ code: 'rotation/not-found', stage: 'request', message: 'There is no rotation of this id' });
  }

  /** A target that was taken out of the configuration may still have backups. */
  async #isKnown(target: string): Promise<boolean> {
    return (
      this.config.targets.some(({ name }) => name === target) || (await this.catalog.backups.targets()).includes(target)
    );
  }
}

function toRotation(task: TaskRecord): Plain<RotationStateDto> {
  const { rotation, rotated } = task;
  return {
    rotationId: task.taskId,
    status: task.status,
    target: rotation?.target ?? null,
    dryRun: rotation?.dryRun ?? false,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
    correlationId: task.correlationId,
    result: rotated && {
      dryRun: rotated.dryRun,
      keyIds: [...rotated.keyIds],
      rotated: rotated.rotated,
      current: rotated.current,
      failed: rotated.failed,
      backups: rotated.backups.map(({ backupId, outcome, error }) => ({
        ...{ backupId, outcome },
        error: error && { code: error.code, message: error.message },
      })),
    },
    errorMessage: task.errorMessage,
    error: toError(task.error),
  };
}
