import { Inject, Injectable } from '@nestjs/common';
import { taskJob, type Catalog } from '#catalog';
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
import { CATALOG, CLOCK, JOB_QUEUE, RANDOM } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { reserveId } from '../idempotency/idempotent-run.js';
import { ServiceLog } from '../logging/service-log.js';
import { enqueueOrWithdraw } from '../queue/enqueue-or-withdraw.js';
import type { CatalogSyncDto, CatalogSyncStateDto } from './catalog-syncs.dto.js';

/** The one that a worker begins by itself, after the catalogue was lost, has the store's id. */
const syncIdPattern = /^sync-(\d{8}T\d{6}Z-[a-z0-9]{6}|[0-9a-f]{32})$/;

@Injectable()
export class CatalogSyncsService {
  constructor(
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobSink,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    @Inject(ServiceLog) private readonly log: ServiceLog,
  ) {}

  /** Task and job, or neither. A target needs no record and no configuration: the store may know it alone. */
  async begin(wish: Plain<CatalogSyncDto>, context: RequestContext): Promise<string> {
    const createdAt = this.clock.now();
    const fresh = `sync-${compactTime(createdAt)}-${randomSuffix(this.random, 6)}`;
    const { id: taskId, repeated } = await reserveId(context, fresh);
    if (repeated && (await this.catalog.tasks.find(taskId)) !== null) return taskId;
    const { target = null, adopt = false, dryRun = false } = wish;
    await this.catalog.tasks.insert({
      ...{ taskId, kind: 'sync', createdAt, correlationId: context.correlationId, backupId: null, level: null },
      ...{ cleanup: null, sync: { target, adopt, dryRun } },
    });
    await enqueueOrWithdraw(
      {
        id: taskId,
        job: taskJob({ taskId, kind: 'sync', jobNumber: 1 }),
        withdraw: () => this.catalog.tasks.withdraw(taskId),
      },
      { queue: this.queue, deadline: context.deadline, log: this.log },
    );
    return taskId;
  }

  async find(syncId: string): Promise<Plain<CatalogSyncStateDto>> {
    const task = syncIdPattern.test(syncId) ? await this.catalog.tasks.find(syncId) : null;
    if (task?.kind === 'sync') return toSync(task);
    throw new AppError({ code: 'sync/not-found', stage: 'request', message: 'There is no sync of this id' });
  }
}

function toSync(task: TaskRecord): Plain<CatalogSyncStateDto> {
  const { synced } = task;
  return {
    syncId: task.taskId,
    status: task.status,
    target: task.sync?.target ?? null,
    adopt: task.sync?.adopt ?? false,
    dryRun: task.sync?.dryRun ?? false,
    createdAt: task.createdAt.toISOString(),
    startedAt: task.startedAt?.toISOString() ?? null,
    completedAt: task.completedAt?.toISOString() ?? null,
    correlationId: task.correlationId,
    result: synced && {
      dryRun: synced.dryRun,
      found: synced.found,
      unchanged: synced.unchanged,
      leftAlone: synced.leftAlone,
      counts: {
        rebuilt: synced.counts.rebuilt,
        adopted: synced.counts.adopted,
        missing: synced.counts.missing,
        returned: synced.counts.returned,
        marked: synced.counts.marked,
      },
      problems: synced.problems,
      foreign: synced.foreign,
      changes: synced.changes.map(({ backupId, change, detail }) => ({ backupId, change, detail })),
      reports: [...synced.reports],
    },
    errorMessage: task.errorMessage,
    error: toError(task.error),
  };
}
