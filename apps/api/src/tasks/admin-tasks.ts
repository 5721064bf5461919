import { Inject, Injectable } from '@nestjs/common';
import { taskJob, type Catalog, type NewTask } from '#catalog';
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
import { API_CONFIG, CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';

/** Of a task that an admin asks for: what kind it is, and what is to be done. */
export type AdminWish = Pick<NewTask, 'kind' | 'cleanup' | 'rotation' | 'sync'>;

/** Tasks that are about a target or the whole store, and no single backup: cleanups, rotations of keys, syncs of the catalogue. A worker does them. */
@Injectable()
export class AdminTasks {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** Task and job, or neither; the id, which begins with `prefix`. */
  async begin(prefix: string, wish: AdminWish, context: RequestContext): Promise<string> {
    const { tasks } = this.catalog;
    const createdAt = this.clock.now();
    const fresh = `${prefix}-${compactTime(createdAt)}-${randomSuffix(this.random, 6)}`;
    const { id: taskId, repeated } = await reserveId(context, fresh);
    if (repeated && (await tasks.find(taskId)) !== null) return taskId;
    const { correlationId } = context;
    await tasks.insert({ ...wish, taskId, createdAt, correlationId, backupId: null, level: null });
    await enqueueOrWithdraw(
      {
        id: taskId,
        job: taskJob({ taskId, kind: wish.kind, jobNumber: 1 }),
        withdraw: () => tasks.withdraw(taskId),
      },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return taskId;
  }

  /** Null: there is none of this kind. A text that is no id is looked for nowhere. */
  async find(taskId: string, { kind, pattern }: { kind: AdminWish['kind']; pattern: RegExp }) {
    const task: TaskRecord | null = pattern.test(taskId) ? await this.catalog.tasks.find(taskId) : null;
    return task?.kind === kind ? task : null;
  }

  /** Throws when nobody knows it. A target that was taken out of the configuration may still have backups: known is also what has records. */
  async requireTarget(target: string | null): Promise<void> {
    if (target === null || this.config.targets.some(({ name }) => name === target)) return;
    if (!(await this.catalog.backups.targets()).includes(target)) throw unknownTarget(target);
  }
}

function unknownTarget(target: string): AppError {
  return new AppError({
    code: 'target/unknown',
    stage: 'request',
    message: `There is no target ${target}, and no backup of it`,
    hint: 'GET /api/admin/targets lists them',
  });
}
