import { CronTime } from 'cron';
import { isBlackedOut } from './blackout.js';
import type { ScheduleConfig } from './read-schedule.js';

const looked = 10;
/** Hours of a week, for most schedules. */
const lookedBesideBlackouts = 200;

/** The longest of the next times between two backups (one in time, the next with all its jitter); null: no schedule. Over weekends and nights a schedule pauses, and nothing is late then. */
export function scheduleIntervalMs({
  cron,
  timezone,
  blackouts = [],
  jitterSeconds = 0,
}: ScheduleConfig): number | null {
  if (cron === null) return null;
  const all = nextSlots(new CronTime(cron, timezone), blackouts.length === 0 ? looked : lookedBesideBlackouts);
  const slots = all.filter((slot) => !isBlackedOut(blackouts, timezone, new Date(slot)));
  const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? slot));
  return gaps.length === 0 ? null : Math.max(...gaps) + jitterSeconds * 1000;
}

/** Whether every time of a schedule, as far as one looks, lies in its blackouts. */
export function isAllBlackedOut({ cron, timezone, blackouts = [] }: ScheduleConfig): boolean {
  if (cron === null || blackouts.length === 0) return false;
  const slots = nextSlots(new CronTime(cron, timezone), lookedBesideBlackouts);
  return slots.length > 0 && slots.every((slot) => isBlackedOut(blackouts, timezone, new Date(slot)));
}

/** As many as there are: the library throws when one of them lies more than eight years ahead (29 February). */
function nextSlots(time: CronTime, most: number): number[] {
  for (let count = most; count > 1; count = count > looked ? Math.floor(count / 2) : count - 1) {
    try {
      return time.sendAt(count).map((slot) => slot.toMillis());
    } catch {
      // Fewer, then.
    }
  }
  return [];
}
