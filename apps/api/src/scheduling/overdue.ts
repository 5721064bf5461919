import type { TargetConfig } from '#config';
import type { ScheduleRecord } from '#contracts';
import { nextSlots } from './slots.js';

export interface ScheduleState {
  /** The first slot since the last success whose backup is not completed, when its time is up; null: not overdue. */
  readonly overdueSince: Date | null;
  /** Null: no schedule, or paused. */
  readonly nextRunAt: Date | null;
}

export interface ScheduleFacts {
  readonly target: TargetConfig;
  readonly schedule: ScheduleRecord | null;
  /** End of the newest completed backup. */
  readonly lastSuccessAt: Date | null;
}

/**
 * A scheduled backup that is not completed `overdueMs` after its slot is overdue. Judged from records and clock alone, so it shows as well when every
 * worker is dead. Nothing before a schedule's first sight is overdue, and nothing while it is paused.
 */
export function judgeSchedule(
  { target, schedule, lastSuccessAt }: ScheduleFacts,
  now: Date,
  overdueMs: number,
): ScheduleState {
  if (schedule !== null && schedule.pausedAt !== null) return { overdueSince: null, nextRunAt: null };
  const nextRunAt = nextSlots(target.schedule, now, 1)[0] ?? null;
  if (!schedule?.firstSlot) return { overdueSince: null, nextRunAt };
  const since = Math.max(schedule.firstSlot.getTime(), lastSuccessAt?.getTime() ?? 0);
  const [expected] = nextSlots(target.schedule, new Date(since), 1);
  const overdue = expected !== undefined && expected.getTime() + overdueMs < now.getTime();
  return { overdueSince: overdue ? expected : null, nextRunAt };
}
