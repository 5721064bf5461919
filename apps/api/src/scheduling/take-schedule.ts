import { createHash } from 'node:crypto';
import type { Catalog } from '#catalog';
import type { ScheduleConfig, TargetConfig } from '#config';
import type { Clock } from '#contracts';
import { latestSlot } from './slots.js';
import { startOf } from './starts.js';

/**
 * A schedule that differs from the one its record was last counted by (another cron, zone or blackouts; off, and on again) begins to count now: what it would have had
 * due before was neither missed nor is it overdue. Once for each configuration that a process reads, not with each look: replicas that disagree for a while would
 * begin anew again and again, and with it drop what is due.
 */
export async function takeSchedule(
  { catalog, clock }: { readonly catalog: Catalog; readonly clock: Clock },
  target: TargetConfig,
): Promise<void> {
  await catalog.schedules.takePlan(target.name, planOf(target.schedule), newestBegun(target, clock.now()));
}

/** Of what decides which slots there are. */
function planOf({ cron, timezone, blackouts = [] }: ScheduleConfig): string {
  if (cron === null) return 'off';
  return createHash('sha256')
    .update(JSON.stringify([cron, timezone, blackouts]))
    .digest('hex')
    .slice(0, 16);
}

/** The newest slot whose backup should have begun before this second; null: none. */
export function newestBegun(target: TargetConfig, now: Date): Date | null {
  const before = new Date(now.getTime() - 1000);
  const newest = latestSlot(target.schedule, before);
  if (newest === null || startOf(target, newest) <= before) return newest;
  return latestSlot(target.schedule, new Date(newest.getTime() - 1000));
}
