import { endOfBlackout, isBlackedOut, type ScheduleConfig } from '#config';
import { everyHour, firstChange, isSecondTime, nextWall, offsetAt } from './wall-clock.js';

// When a schedule is due. A missing hour (clocks go forward) runs at the next instant, a doubled one (clocks go back) once at a fixed hour
// (docs/DESIGN.md, "Choices already made"); a slot is the same instant in every process, whenever it looks.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** After so many blackouts one after the other a schedule finds no time (the configuration has been refused then). */
const mostBlackouts = 100;
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
  // Most looks come between two slots.
  const first = nextSlot(schedule, after);
  if (first === null || first > until) return [];
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

/** Slots come by the wall clock: the schedule is read as if there were no zones, and each of its times is looked up in the zone. */
function nextSlot(schedule: ScheduleConfig, from: Date): Date | null {
  const { timezone, blackouts = [] } = schedule;
  let at = nextOfCron(schedule, from);
  for (let step = 0; step < mostBlackouts; step += 1) {
    if (at === null || !isBlackedOut(blackouts, timezone, at)) return at;
    const end = endOfBlackout(blackouts, timezone, at);
    if (end === null) return null;
    at = nextOfCron(schedule, new Date(end.getTime() - second));
  }
  return null;
}

function nextOfCron({ cron, timezone }: ScheduleConfig, from: Date): Date | null {
  if (cron === null) return null;
  const isHourly = everyHour(cron);
  let after = Math.floor(from.getTime() / second) * second;
  let offset = offsetAt(timezone, after);
  for (;;) {
    const wall = nextWall(cron, after + offset);
    if (wall === null) return null;
    const at = wall - offset;
    const change = firstChange(timezone, offset, after + second, at);
    if (change === null) {
      if (isHourly || !isSecondTime(timezone, at)) return new Date(at);
      after = at;
    } else {
      const changed = offsetAt(timezone, change);
      // In the gap of clocks that go forward: made up for at once.
      if (wall < change + changed) return new Date(change);
      after = change - second;
      offset = changed;
    }
  }
}
