import type { RestoreTargetSource, WorkerConfig } from '#config';
import { AppError, mayAct, type RestoreRecord } from '#contracts';
import { restoreTargetOf } from '../core/worker-core.js';

/** The restore target of a record. Mode and role are looked at again: what the API let through was decided by its configuration, not by ours. */
export function checkRestore(config: WorkerConfig, record: RestoreRecord): RestoreTargetSource {
  const { targetName, mode, role, usersAndRoles } = record;
  const target = restoreTargetOf(config, targetName);
  if (target === undefined) {
    throw new AppError({
      code: 'target/unknown',
      stage: 'config',
      message: `This worker knows no restore target ${targetName}`,
      hint: 'Give all processes the same RESTORE_TARGETS',
    });
  }
  if (mode === 'scratch' && !target.scratch) {
    throw new AppError({
      code: 'request/unsupported',
      stage: 'config',
      message: `${targetName} is no scratch target of this worker`,
      hint: 'Give all processes the same RESTORE_TARGETS and flags',
    });
  }
  const isHarmless = target.scratch && usersAndRoles !== true;
  if (isHarmless ? mayAct(role, 'operator') : mayAct(role, 'admin')) return target;
  throw new AppError({
    code: 'auth/forbidden',
    stage: 'config',
    message: `The role ${role}, which asked for this restore, may not restore ${usersAndRoles === true ? 'users and roles ' : ''}into ${targetName}`,
    hint: 'Give all processes the same RESTORE_TARGETS and flags',
  });
}
