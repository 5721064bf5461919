import type { RestoreRecord } from '#contracts';
import { raised } from './alert-states.js';
import type { Look } from './report.js';
import { alertKey, type UpkeepOptions } from './upkeep-options.js';

/** Raises an alert for every restore that failed, once each, and clears its target's when a later restore into it succeeded: by what the records say. */
export async function settleRestoreAlerts(options: UpkeepOptions, look: Look): Promise<void> {
  const { catalog } = options;
  await look.each(await catalog.restores.unalerted(), async (record) => {
    await raiseFailure(options, look, record);
    await catalog.restores.alerted(record.restoreId);
  });
  await look.each(await catalog.alerts.raised(), async ({ key, kind, target }) => {
    if (kind === 'restore-failed' && target !== null) await clearTarget(options, look, key, target);
  });
}

async function raiseFailure(options: UpkeepOptions, look: Look, record: RestoreRecord): Promise<void> {
  const { restoreId, backupId, targetName, correlationId, error, errorMessage } = record;
  await raised(
    options,
    look,
    await options.catalog.alerts.raise({
      ...{ key: alertKey('restore-failed', targetName), kind: 'restore-failed', subject: restoreId },
      ...{ target: targetName, backupId, correlationId },
      message: `Restore ${restoreId} into ${targetName} failed: ${errorMessage ?? 'see its record'}`,
      hint: error?.hint ?? null,
      ...{ at: options.clock.now(), channels: options.channels },
    }),
  );
}

async function clearTarget(options: UpkeepOptions, look: Look, key: string, target: string): Promise<void> {
  const newest = await options.catalog.restores.latest(target);
  if (newest === null || newest.status === 'failed') return;
  const message = `A restore into ${target} succeeded again: ${newest.restoreId}`;
  const { backupId } = newest;
  const at = options.clock.now();
  await raised(options, look, await options.catalog.alerts.clear(key, { message, at, target, backupId }));
}
