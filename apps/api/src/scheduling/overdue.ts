import type { TargetConfig } from '#config';
import type { ScheduleRecord } from '#contracts';
import { nextSlots } from './slots.js';
import { nextStarts, startOf } from './starts.js';

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
 * A scheduled backup that is not completed `overdueMs` after its slot (with jitter: after the start of its slot) is overdue. Judged from records and clock alone, so it shows as well when every
 * worker is dead. Nothing before a schedule's first sight is overdue, and nothing while it is paused.
 */
export function judgeSchedule(
  { target, schedule, lastSuccessAt }: ScheduleFacts,
  now: Date,
  overdueMs: number,
): ScheduleState {
  if (schedule !== null && schedule.pausedAt !== null) return { overdueSince: null, nextRunAt: null };
  const nextRunAt = nextStarts(target, now, 1)[0] ?? null;
  if (!schedule?.firstSlot) return { overdueSince: null, nextRunAt };
  // An end that lies ahead was written by a wrong clock: it must not keep the alarm silent until then.
  const ended = lastSuccessAt?.getTime() ?? 0;
  const since = Math.max(schedule.firstSlot.getTime(), ended > now.getTime() + overdueMs ? 0 : ended);
  const [expected] = nextSlots(target.schedule, new Date(since), 1);
  const overdue = expected !== undefined && startOf(target, expected).getTime() + overdueMs < now.getTime();
  return { overdueSince: overdue ? expected : null, nextRunAt };
}
