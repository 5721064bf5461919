import type { Catalog } from '#catalog';
import type { TargetConfig } from '#config';
import type { ScheduleRecord } from '#contracts';
import { latestSlot, nextSlots } from './slots.js';

/** What `GET targets`, `GET schedules` and `stats` say of a target's schedule. */
export interface TargetSchedule {
  readonly target: string;
  readonly overdue: boolean;
  /** The slot whose backup is overdue. */
  readonly overdueSince: Date | null;
  readonly nextRunAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly paused: boolean;
}

export interface OverdueInput {
  readonly target: TargetConfig;
  readonly schedule: ScheduleRecord | null;
  /** End of the newest completed backup. */
  readonly lastSuccessAt: Date | null;
  readonly now: Date;
  /** A slot may take this long until its backup is completed. */
  readonly overdueMs: number;
}

/**
 * A target is overdue when the newest slot that had `overdueMs` to be completed has no completed backup since. Judged from records and clock alone,
 * so it shows as well when every worker is dead. A schedule that nobody has seen yet, or that is paused, is not overdue.
 */
export function judgeSchedule({ target, schedule, lastSuccessAt, now, overdueMs }: OverdueInput): TargetSchedule {
  const paused = schedule !== null && schedule.pausedAt !== null;
  const expected = paused ? null : latestSlot(target.schedule, new Date(now.getTime() - overdueMs));
  const known = schedule?.firstSlot ?? null;
  const overdue =
    expected !== null && known !== null && expected > known && (lastSuccessAt === null || lastSuccessAt < expected);
  return {
    target: target.name,
    overdue,
    overdueSince: overdue ? expected : null,
    nextRunAt: paused ? null : (nextSlots(target.schedule, now, 1)[0] ?? null),
    lastSuccessAt,
    paused,
  };
}

/** The same for every target, from the catalogue. */
export async function judgeSchedules(
  catalog: Catalog,
  targets: readonly TargetConfig[],
  now: Date,
  overdueMs: number,
): Promise<TargetSchedule[]> {
  const [schedules, lastSuccess] = await Promise.all([catalog.schedules.all(), catalog.backups.lastSuccess()]);
  return targets.map((target) =>
    judgeSchedule({
      target,
      schedule: schedules.find((record) => record.target === target.name) ?? null,
      lastSuccessAt: lastSuccess[target.name] ?? null,
      now,
      overdueMs,
    }),
  );
}
