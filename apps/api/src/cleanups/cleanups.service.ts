import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock, type TaskRecord } from '#contracts';
import { unauthorized } from '../auth/access.guard.js';
import { checkFresh } from '../auth/fresh-token.js';
import { CLOCK } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { AdminTasks } from '../tasks/admin-tasks.js';
import { taskFields } from '../tasks/task-fields.js';
import type { CleanupDto, CleanupStateDto } from './cleanups.dto.js';

/** The daily ones of the schedule have their slot and no random end. */
const cleanups = { kind: 'cleanup', pattern: /^cleanup-\d{8}T\d{6}Z(-[a-z0-9]{6})?$/ } as const;

@Injectable()
export class CleanupsService {
  constructor(
    @Inject(AdminTasks) private readonly tasks: AdminTasks,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Task and job, or neither. */
  async begin(wish: Plain<CleanupDto>, context: RequestContext): Promise<string> {
    const { target = null, dryRun = false, confirm = null } = wish;
    // Over half of the backups may go by it: that is a deletion, and no upkeep.
    if (context.identity === null) throw unauthorized();
    if (confirm !== null && !dryRun) checkFresh(context.identity, this.clock);
    await this.tasks.requireTarget(target);
    return this.tasks.begin('cleanup', { kind: 'cleanup', cleanup: { target, dryRun, confirm } }, context);
  }

  async find(cleanupId: string): Promise<Plain<CleanupStateDto>> {
    const task = await this.tasks.find(cleanupId, cleanups);
    if (task !== null) return toCleanup(task);
    throw new AppError({
      code: 'cleanup/not-found',
      stage: 'request',
      message: 'There is no cleanup of this id',
      hint: 'POST /api/admin/backups/cleanup begins one and tells its id',
    });
  }
}

function toCleanup(task: TaskRecord): Plain<CleanupStateDto> {
  const { result } = task;
  return {
    cleanupId: task.taskId,
    ...taskFields(task),
    target: task.cleanup?.target ?? null,
    dryRun: task.cleanup?.dryRun ?? false,
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
  };
}
