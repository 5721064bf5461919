import { AppError } from '#contracts';
import type { ReloadOutcome } from '#config';
import type { Core } from './open-core.js';

/**
 * Reads targets, restore targets and destinations again; `settle` makes the schedules new, all or none. What has errors is told and changes nothing. Null: nothing was changed.
 * Never throws.
 */
export async function reloadConfig(
  { reload, metrics, log }: Pick<Core, 'reload' | 'metrics' | 'log'>,
  settle: () => void,
): Promise<ReloadOutcome | null> {
  try {
    const outcome = await reload.run(undefined, settle);
    metrics.configRead(true);
    const { targets, restoreTargets, destinations } = outcome;
    log.info('configuration reloaded', { targets, restoreTargets, destinations });
    return outcome;
  } catch (thrown) {
    metrics.configRead(false);
    const error = AppError.from(thrown, 'config');
    const { code, message: reason, hint } = error;
    log.error('configuration not reloaded: the one before it stays in force', { code, reason, hint });
    return null;
  }
}
