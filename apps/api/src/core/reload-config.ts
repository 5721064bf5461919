import { AppError } from '#contracts';
import type { ReloadOutcome } from '#config';
import type { Core } from './open-core.js';

/** Reads targets and restore targets again; `adopted` makes the schedules new. What has errors is told and changes nothing. Never throws. */
export async function reloadConfig(
  { reload, metrics, log }: Pick<Core, 'reload' | 'metrics' | 'log'>,
  adopted: (outcome: ReloadOutcome) => void,
): Promise<void> {
  try {
    const outcome = await reload.run();
    adopted(outcome);
    metrics.configRead(true);
    const { targets, restoreTargets } = outcome;
    log.info('configuration reloaded', { targets, restoreTargets });
  } catch (thrown) {
    metrics.configRead(false);
    const error = AppError.from(thrown, 'config');
    const { code, message: reason, hint } = error;
    log.error('configuration not reloaded: the one before it stays in force', { code, reason, hint });
  }
}
