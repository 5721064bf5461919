import { recoveryPointOf } from '#catalog';
import { scheduleIntervalMs } from '#config';
import { wholeOnes } from '#contracts';
import { refreshLast } from '#metrics';
import type { WorkerParts } from './worker-core.js';

/** The gauges of what happened last, from the catalogue: a restart must not look like "never". */
export async function restoreMetrics(parts: WorkerParts): Promise<void> {
  const { config, metrics } = parts;
  for (const { name, schedule } of config.targets) {
    const intervalMs = scheduleIntervalMs(schedule);
    metrics.targetKnown(name, intervalMs === null ? null : intervalMs / 1000);
  }
  for (const { name } of config.restoreTargets) {
    const newest = await parts.catalog.restores.latest(name);
    const isGood = newest !== null && newest.status !== 'failed';
    metrics.restoreTargetKnown(name, isGood ? newest.completedAt : null);
  }
  await tellRecoveryWindows(parts);
  await refreshLastRuns(parts);
}

/** What other workers did meanwhile: an idle worker must not look like a stale target. */
export async function refreshLastRuns({ config, catalog, metrics }: WorkerParts): Promise<void> {
  await refreshLast(metrics, catalog.backups, () => config.targets.map(({ name }) => name));
  for (const { name } of config.targets) {
    const newest = await recoveryPointOf(catalog, name);
    const drill = await catalog.drills.lastGood(name);
    metrics.recoveryKnown(name, {
      point: newest === null ? null : (newest.startedAt ?? newest.createdAt),
      lastDrill:
        drill?.completedAt && drill.report ? { at: drill.completedAt, restoreMs: drill.report.restoreMs } : null,
    });
  }
}

/** How far back each target can be restored: to its oldest kept backup, of all that it is. */
export async function tellRecoveryWindows({ config, catalog, metrics }: WorkerParts): Promise<void> {
  for (const { name } of config.targets) {
    const [oldest] = wholeOnes(await catalog.backups.completed(name));
    metrics.recoveryWindow(name, oldest?.completedAt ?? null);
  }
}
