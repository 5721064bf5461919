import type { ApiConfig } from '#config';
import { AppError } from '#contracts';

/** The scratch target of a drill: the one asked for, else the one of the target's own settings, else the first. */
export function scratchTargetFor(
  { targets, restoreTargets }: Pick<ApiConfig, 'targets' | 'restoreTargets'>,
  target: string,
  asked: string | undefined,
): string {
  const wanted = asked ?? targets.find(({ name }) => name === target)?.drill.targetName ?? null;
  const found = restoreTargets.find(({ name, scratch }) => (wanted === null ? scratch : name === wanted));
  if (found?.scratch === true) return found.name;
  if (wanted !== null && found === undefined) {
    throw new AppError({
      code: 'target/unknown',
      stage: 'request',
      message: `There is no restore target ${wanted}`,
      hint: 'GET /api/admin/targets lists them; RESTORE_TARGETS declares them',
    });
  }
  throw new AppError({
    code: 'request/unsupported',
    stage: 'request',
    message: wanted === null ? 'There is no scratch target' : `${wanted} is no scratch target`,
    hint: 'Set RESTORE_TARGET_<NAME>_SCRATCH=true where new databases harm nobody',
  });
}
