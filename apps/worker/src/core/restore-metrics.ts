import { scheduleIntervalMs } from '../cleanup/schedule-interval.js';
import type { WorkerParts } from './worker-core.js';

/** So many outcomes of a target hold its last success and its last failure, or nearly always. */
const looked = 20;

/** The gauges of what happened last, from the catalogue: a restart must not look like "never". */
export async function restoreMetrics({ config, catalog, metrics }: WorkerParts): Promise<void> {
  for (const { name, schedule } of config.targets) {
    const intervalMs = scheduleIntervalMs(schedule);
    metrics.targetKnown(name, intervalMs === null ? null : intervalMs / 1000);
    metrics.restoreLast(await catalog.backups.latest(name, looked));
    const [oldest] = await catalog.backups.completed(name);
    metrics.recoveryWindow(name, oldest?.completedAt ?? null);
  }
}
