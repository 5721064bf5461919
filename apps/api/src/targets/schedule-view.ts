import { CronTime } from 'cron';
import type { ScheduleConfig, TargetConfig } from '#config';
import type { ScheduleRecord } from '#contracts';

/** The next `count` times of a schedule after `from`; none when it is off. */
export function nextTimes({ cron, timezone }: ScheduleConfig, from: Date, count: number): Date[] {
  if (cron === null) return [];
  const times: Date[] = [];
  const schedule = new CronTime(cron, timezone);
  for (let at = from; times.length < count; ) {
    const next = schedule.getNextDateFrom(at, timezone).toJSDate();
    times.push(next);
    at = next;
  }
  return times;
}

/** A scheduled backup that is not completed so long after its time is overdue; nothing before the schedule's first sight is, and nothing while it is paused. */
export function isOverdue(
  target: TargetConfig,
  state: { readonly schedule: ScheduleRecord | null; readonly lastSuccessAt: Date | null },
  now: Date,
  overdueMs: number,
): boolean {
  const { schedule, lastSuccessAt } = state;
  if (schedule === null || schedule.pausedAt !== null || schedule.firstSlot === null) return false;
  const since = Math.max(schedule.firstSlot.getTime(), lastSuccessAt?.getTime() ?? 0);
  const [expected] = nextTimes(target.schedule, new Date(since), 1);
  return expected !== undefined && expected.getTime() + overdueMs < now.getTime();
}
