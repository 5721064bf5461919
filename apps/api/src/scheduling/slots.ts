import { CronTime } from 'cron';
import type { ScheduleConfig } from '#config';

// When a schedule is due. A missing hour (clocks go forward) runs at the next instant, a doubled one (clocks go back) once at a fixed hour
// (docs/DESIGN.md, "Choices already made"); a slot is the same instant in every process, whenever it looks.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** How far back the latest slot is looked for: the smallest window that holds one, so that few steps lead to it. */
const windows = [minute, hour, day, 32 * day, 367 * day, 5 * 366 * day];

/** The first `count` slots after `from` (exclusive); fewer when the schedule is off or ends within eight years. */
export function nextSlots(schedule: ScheduleConfig, from: Date, count: number): Date[] {
  const slots: Date[] = [];
  for (let at = from; slots.length < count;) {
    const next = nextSlot(schedule, at);
    if (next === null) break;
    slots.push(next);
    at = next;
  }
  return slots;
}

/** The newest slot at or before `at`; null when there is none in the last five years. */
export function latestSlot(schedule: ScheduleConfig, at: Date): Date | null {
  for (const window of windows) {
    let latest: Date | null = null;
    let next = nextSlot(schedule, new Date(at.getTime() - window));
    while (next !== null && next <= at) {
      latest = next;
      next = nextSlot(schedule, next);
    }
    if (latest !== null) return latest;
  }
  return null;
}

/** Every slot after `after` (exclusive) up to `until` (inclusive), the newest `most` of them. */
export function slotsBetween(schedule: ScheduleConfig, after: Date, until: Date, most: number): Date[] {
  const newest = latestSlot(schedule, until);
  if (newest === null || newest <= after) return [];
  // After a long sleep a dense schedule has passed millions of slots: only the end of them is looked at.
  const start = new Date(Math.max(after.getTime(), newest.getTime() - mostSpan(schedule, newest, most)));
  const slots: Date[] = [];
  for (let next = nextSlot(schedule, start); next !== null && next <= until; next = nextSlot(schedule, next)) {
    slots.push(next);
    if (slots.length > most) slots.shift();
  }
  return slots;
}

/** Milliseconds that surely hold the last `most` slots, judged by the two that come next. */
function mostSpan(schedule: ScheduleConfig, newest: Date, most: number): number {
  const [first, second] = nextSlots(schedule, newest, 2);
  const interval = second === undefined || first === undefined ? day : second.getTime() - first.getTime();
  return Math.max(interval * (most + 1), minute);
}

/** The time from one slot to the next, at `at`; null when the schedule is off. For metrics. */
export function intervalMs(schedule: ScheduleConfig, at: Date): number | null {
  const [first, second] = nextSlots(schedule, at, 2);
  return first === undefined || second === undefined ? null : second.getTime() - first.getTime();
}

function nextSlot({ cron, timezone }: ScheduleConfig, from: Date): Date | null {
  if (cron === null) return null;
  try {
    // The library drops the fraction of its start and may answer with the start's own second.
    const next = new CronTime(cron, timezone).getNextDateFrom(from, timezone).toJSDate();
    return next > from
      ? next
      : new CronTime(cron, timezone).getNextDateFrom(new Date(from.getTime() + 1000), timezone).toJSDate();
  } catch {
    // No date within eight years: the library says so by an error (29 February may be near that limit).
    return null;
  }
}
