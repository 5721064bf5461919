import { Inject, Injectable } from '@nestjs/common';
import { AppError, type TaskRecord } from '#contracts';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { AdminTasks } from '../tasks/admin-tasks.js';
import { taskFields } from '../tasks/task-fields.js';
import type { CatalogSyncDto, CatalogSyncStateDto } from './catalog-syncs.dto.js';

/** One that a worker begins by itself has the store's id and the hour; those of older versions the store's id alone. */
const syncs = { kind: 'sync', pattern: /^sync-(\d{8}T\d{6}Z-[a-z0-9]{6}|[0-9a-f]{32}(-\d{8}T\d{2})?)$/ } as const;

@Injectable()
export class CatalogSyncsService {
  constructor(@Inject(AdminTasks) private readonly tasks: AdminTasks) {}

  /** Task and job, or neither. A target needs no record and no configuration: the store may know it alone. */
  begin(wish: Plain<CatalogSyncDto>, context: RequestContext): Promise<string> {
    const { target = null, adopt = false, dryRun = false } = wish;
    return this.tasks.begin('sync', { kind: 'sync', cleanup: null, sync: { target, adopt, dryRun } }, context);
  }

  async find(syncId: string): Promise<Plain<CatalogSyncStateDto>> {
    const task = await this.tasks.find(syncId, syncs);
    if (task !== null) return toSync(task);
    throw new AppError({
      code: 'sync/not-found',
      stage: 'request',
      message: 'There is no sync of this id',
      hint: 'POST /api/admin/catalog/sync begins one and tells its id',
    });
  }
}

function toSync(task: TaskRecord): Plain<CatalogSyncStateDto> {
  const { synced } = task;
  return {
    syncId: task.taskId,
    ...taskFields(task),
    target: task.sync?.target ?? null,
    adopt: task.sync?.adopt ?? false,
    dryRun: task.sync?.dryRun ?? false,
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
  };
}
