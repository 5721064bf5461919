import { CronTime } from 'cron';
import type { ScheduleConfig } from '#config';

const looked = 10;

/** The longest of the next times between two slots; null: no schedule. Over weekends and nights a schedule pauses, and nothing is late then. */
export function scheduleIntervalMs({ cron, timezone }: ScheduleConfig): number | null {
  if (cron === null) return null;
  const slots = new CronTime(cron, timezone).sendAt(looked).map((slot) => slot.toMillis());
  const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? slot));
  return gaps.length === 0 ? null : Math.max(...gaps);
}
