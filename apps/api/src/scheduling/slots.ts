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

function nextSlot(schedule: ScheduleConfig, from: Date): Date | null {
  const { cron, timezone } = schedule;
  if (cron === null) return null;
  try {
    // The library drops the fraction of its start and may answer with the start's own second.
    const found = new CronTime(cron, timezone).getNextDateFrom(from, timezone).toJSDate();
    const next =
      found > from
        ? found
        : new CronTime(cron, timezone).getNextDateFrom(new Date(from.getTime() + 1000), timezone).toJSDate();
    return isSlot(cron, timezone, next) ? next : nextSlot(schedule, next);
  } catch {
    // No date within eight years: the library says so by an error (29 February may be near that limit).
    return null;
  }
}

/**
 * When clocks go back, the library also gives times an hour early (3:30 at 2:30), which no field of the schedule names. A slot's wall clock fits the
 * schedule, or it is the instant after a gap, where what fell into the gap is made up for.
 */
function isSlot(cron: string, timezone: string, at: Date): boolean {
  const wall = wallClock(timezone, at);
  const fitting = new CronTime(cron, 'UTC').getNextDateFrom(new Date(wall - 1000), 'UTC').toMillis();
  return fitting === wall || wall - wallClock(timezone, new Date(at.getTime() - minute)) > minute;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a zone at an instant, as if it were UTC. */
function wallClock(timezone: string, at: Date): number {
  const formatter =
    formatters.get(timezone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  formatters.set(timezone, formatter);
  const parts = Object.fromEntries(formatter.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute: minutes = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minutes, second);
}
