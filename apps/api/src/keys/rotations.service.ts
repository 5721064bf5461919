import { Inject, Injectable } from '@nestjs/common';
import { isAlive, type Catalog } from '#catalog';
import { AppError, type TaskRecord } from '#contracts';
import { CATALOG } from '../core/tokens.js';
import type { Plain } from '../http/plain.js';
import type { RequestContext } from '../http/request-context.js';
import { AdminTasks } from '../tasks/admin-tasks.js';
import { taskFields } from '../tasks/task-fields.js';
import type { RotationDto, RotationStateDto } from './rotations.dto.js';

const rotations = { kind: 'rotate', pattern: /^rotation-\d{8}T\d{6}Z-[a-z0-9]{6}$/ } as const;

/** Rotations of keys. The API holds no key: it asks, a worker does. */
@Injectable()
export class RotationsService {
  constructor(
    @Inject(AdminTasks) private readonly tasks: AdminTasks,
    @Inject(CATALOG) private readonly catalog: Catalog,
  ) {}

  /** Task and job, or neither. */
  async begin(wish: Plain<RotationDto>, context: RequestContext): Promise<string> {
    const { target = null, dryRun = false, rewrite = false } = wish;
    await this.tasks.requireTarget(target);
    const keyIds = wish.keyIds ?? (await this.#keysOfWorkers());
    const rotation = { target, dryRun, rewrite, keyIds };
    return this.tasks.begin('rotation', { kind: 'rotate', cleanup: null, rotation }, context);
  }

  /** What the workers that are alive seal with; null: none has told yet. A rotation by whichever takes it first would bring backups to its key, and away from the others'. */
  async #keysOfWorkers(): Promise<readonly string[] | null> {
    const workers = (await this.catalog.workers.all()).filter(isAlive);
    const told = workers.flatMap(({ currentKeyIds }) =>
      currentKeyIds === null || currentKeyIds === undefined ? [] : [[...currentKeyIds].sort()],
    );
    const [first] = told;
    if (first === undefined) return null;
    if (told.every((keyIds) => keyIds.join() === first.join())) return first;
    throw new AppError({
      code: 'keys/differ',
      stage: 'request',
      message: 'The workers have different current keys',
      hint: 'Give every worker the same BACKUP_ENCRYPTION_KEY and start them anew, or say keyIds: a worker that has others refuses',
    });
  }

  async find(rotationId: string): Promise<Plain<RotationStateDto>> {
    const task = await this.tasks.find(rotationId, rotations);
    if (task !== null) return toRotation(task);
    throw new AppError({
      code: 'rotation/not-found',
      stage: 'request',
      message: 'There is no rotation of this id',
      hint: 'POST /api/admin/keys/rotate begins one and tells its id',
    });
  }
}

function toRotation(task: TaskRecord): Plain<RotationStateDto> {
  const { rotation, rotated } = task;
  return {
    rotationId: task.taskId,
    ...taskFields(task),
    target: rotation?.target ?? null,
    dryRun: rotation?.dryRun ?? false,
    rewrite: rotation?.rewrite ?? false,
    keyIds: rotation?.keyIds ? [...rotation.keyIds] : null,
    result: rotated && {
      dryRun: rotated.dryRun,
      rewrite: rotated.rewrite,
      keyIds: [...rotated.keyIds],
      rotated: rotated.rotated,
      current: rotated.current,
      failed: rotated.failed,
      backups: rotated.backups.map(({ backupId, place, outcome, error }) => ({
        ...{ backupId, place, outcome },
        error: error && { code: error.code, message: error.message },
      })),
      reports: [...rotated.reports],
    },
  };
}
