import type { DrillRecord } from '#contracts';
import { raised } from './alert-states.js';
import type { Look } from './report.js';
import { alertKey, type UpkeepOptions } from './upkeep-options.js';

/** Raises an alert for every drill that failed or found differences, once each, and clears its target's when a later drill found all equal. */
export async function settleDrillAlerts(options: UpkeepOptions, look: Look): Promise<void> {
  const { catalog } = options;
  await look.each(await catalog.drills.unalerted(), async (record) => {
    await raiseFailure(options, look, record);
    await catalog.drills.alerted(record.drillId);
  });
  await look.each(await catalog.alerts.raised(), async ({ key, kind, target }) => {
    if (kind === 'drill-failed' && target !== null) await clearTarget(options, look, key, target);
  });
}

async function raiseFailure(options: UpkeepOptions, look: Look, record: DrillRecord): Promise<void> {
  const { drillId, backupId, target, targetName, correlationId, error, errorMessage, report } = record;
  const what = `Drill ${drillId} of ${backupId} on ${targetName}`;
  await raised(
    options,
    look,
    await options.catalog.alerts.raise({
      ...{ key: alertKey('drill-failed', target), kind: 'drill-failed', subject: drillId },
      ...{ target, backupId, correlationId },
      message:
        report === null ? `${what} failed: ${errorMessage ?? 'see its record'}` : `${what} found ${firstOf(report)}`,
      hint:
        error?.hint ?? 'GET /api/admin/drills/:id names everything that differs; drill another backup of the target',
      ...{ at: options.clock.now(), channels: options.channels },
    }),
  );
}

function firstOf({ namespaces, queries }: NonNullable<DrillRecord['report']>): string {
  const differing = namespaces.filter(({ differences }) => differences.length > 0);
  const wrong = queries.filter(({ ok }) => !ok);
  const [first] = differing;
  if (first !== undefined)
    return `differences in ${differing.length} of ${namespaces.length} collections: ${first.db}.${first.collection}: ${first.differences[0] ?? ''}`;
  return `unexpected answers to ${wrong.map(({ name }) => name).join(', ')}`;
}

async function clearTarget(options: UpkeepOptions, look: Look, key: string, target: string): Promise<void> {
  const [newest] = await options.catalog.drills.history(target, 1);
  if (newest?.status !== 'completed') return;
  const { backupId } = newest;
  const message = `A drill of ${target} found all equal again: ${newest.drillId}`;
  const at = options.clock.now();
  await raised(options, look, await options.catalog.alerts.clear(key, { message, at, target, backupId }));
}
