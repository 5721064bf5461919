import { Inject, Injectable } from '@nestjs/common';
import { AppError, type TaskRecord } from '#contracts';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { AdminTasks } from '../tasks/admin-tasks.js';
import { taskFields } from '../tasks/task-fields.js';
import type { RotationDto, RotationStateDto } from './rotations.dto.js';

const rotations = { kind: 'rotate', pattern: /^rotation-\d{8}T\d{6}Z-[a-z0-9]{6}$/ } as const;

/** Rotations of keys. The API holds no key: it asks, a worker does. */
@Injectable()
export class RotationsService {
  constructor(@Inject(AdminTasks) private readonly tasks: AdminTasks) {}

  /** Task and job, or neither. */
  async begin(wish: Plain<RotationDto>, context: RequestContext): Promise<string> {
    const { target = null, dryRun = false } = wish;
    await this.tasks.requireTarget(target);
    return this.tasks.begin('rotation', { kind: 'rotate', cleanup: null, rotation: { target, dryRun } }, context);
  }

  async find(rotationId: string): Promise<Plain<RotationStateDto>> {
    const task = await this.tasks.find(rotationId, rotations);
    if (task !== null) return toRotation(task);
    throw new AppError({ code: 'rotation/not-found', stage: 'request', message: 'There is no rotation of this id' });
  }
}

function toRotation(task: TaskRecord): Plain<RotationStateDto> {
  const { rotation, rotated } = task;
  return {
    rotationId: task.taskId,
    ...taskFields(task),
    target: rotation?.target ?? null,
    dryRun: rotation?.dryRun ?? false,
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
  };
}
