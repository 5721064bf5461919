import { CronTime } from 'cron';
import type { ScheduleConfig } from './read-schedule.js';

const looked = 10;

/** The longest of the next times between two slots; null: no schedule. Over weekends and nights a schedule pauses, and nothing is late then. */
export function scheduleIntervalMs({ cron, timezone }: ScheduleConfig): number | null {
  if (cron === null) return null;
  const slots = nextSlots(new CronTime(cron, timezone));
  const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? slot));
  return gaps.length === 0 ? null : Math.max(...gaps);
}

/** As many as there are: the library throws when one of them lies more than eight years ahead (29 February). */
function nextSlots(time: CronTime): number[] {
  for (let count = looked; count > 1; count -= 1) {
    try {
      return time.sendAt(count).map((slot) => slot.toMillis());
    } catch {
      // Fewer, then.
    }
  }
  return [];
}
