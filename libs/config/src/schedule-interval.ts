import { CronTime } from 'cron';
import { isBlackedOut } from './blackout.js';
import type { ScheduleConfig } from './read-schedule.js';

// How long a schedule pauses at most: by its fields and by the wall clock, from a fixed day on, so that what is found does not depend on when somebody looks. An
// hour that a change of clocks adds or takes is left out of it.

const [minuteSeconds, daySeconds] = [60, 86_400];
const firstMonday = Date.UTC(2024, 0, 1) / 1000;
/** Nine years: 29 February comes three times. */
const days = (Date.UTC(2033, 0, 1) / 1000 - firstMonday) / daySeconds;
const weekDays = 7;

/** What of a schedule falls on one day of the week, in seconds of the day. */
interface DayPlan {
  /** Blacked out or not. */
  readonly slots: number;
  /** The first and the last that are not blacked out, and the longest time between two of them; null: none is left. */
  readonly kept: { readonly first: number; readonly last: number; readonly longest: number } | null;
}

/** The longest time between two backups (one in time, the next with all its jitter), in ms; null: no schedule. Over weekends and nights a schedule pauses, and nothing is late then. */
export function scheduleIntervalMs(schedule: ScheduleConfig): number | null {
  const { longest } = walk(schedule);
  return longest === null ? null : (longest + (schedule.jitterSeconds ?? 0)) * 1000;
}

/** Whether every time of a schedule lies in its blackouts. */
export function isAllBlackedOut(schedule: ScheduleConfig): boolean {
  if ((schedule.blackouts ?? []).length === 0) return false;
  const { slots, kept } = walk(schedule);
  return slots > 0 && kept === 0;
}

interface Walked {
  readonly slots: number;
  /** Days on which something is left. */
  readonly kept: number;
  /** Seconds; null: there are no two of them. */
  readonly longest: number | null;
}

function walk(schedule: ScheduleConfig): Walked {
  const { cron, timezone, blackouts = [] } = schedule;
  if (cron === null) return { slots: 0, kept: 0, longest: null };
  const time = new CronTime(cron, timezone);
  const [second, minute, hour] = [
    numbersOf(time, 'second', 60),
    numbersOf(time, 'minute', 60),
    numbersOf(time, 'hour', 24),
  ];
  const [dayOfMonth, month] = [numbersOf(time, 'dayOfMonth', 31), numbersOf(time, 'month', 12)];
  const dayOfWeek = numbersOf(time, 'dayOfWeek', weekDays);
  const times = { second, minute, hour };
  const plans = Array.from({ length: weekDays }, (_, weekday) => planDay(times, blackouts, weekday));
  // As the library has it: of two that are given, either is enough.
  const isDay = (date: Date): boolean => {
    const [inMonth, inWeek] = [dayOfMonth?.has(date.getUTCDate()), dayOfWeek?.has(date.getUTCDay())];
    return inMonth === undefined ? inWeek !== false : inMonth || inWeek === true;
  };
  let [slots, kept] = [0, 0];
  let longest: number | null = null;
  let previous: number | null = null;
  for (let day = 0; day < days; day += 1) {
    const start = firstMonday + day * daySeconds;
    const date = new Date(start * 1000);
    const plan = plans[day % weekDays];
    if (plan === undefined || month?.has(date.getUTCMonth() + 1) === false || !isDay(date)) continue;
    slots += plan.slots;
    if (plan.kept === null) continue;
    kept += 1;
    const { first, last, longest: within } = plan.kept;
    if (previous !== null) longest = Math.max(longest ?? 0, start + first - previous);
    if (last > first) longest = Math.max(longest ?? 0, within);
    previous = start + last;
  }
  return { slots, kept, longest };
}

/**
 * The numbers of a field; undefined: all of them. As the library parsed names, ranges and steps: its text for it is `*` already for all but the last one (cron 4.4,
 * `0-22`), so its own sets are read.
 */
function numbersOf(time: CronTime, field: string, all: number): ReadonlySet<number> | undefined {
  const numbers = Object.keys(Reflect.get(time, field) as object).map(Number);
  return numbers.length === all ? undefined : new Set(numbers);
}

interface Times {
  readonly second: ReadonlySet<number> | undefined;
  readonly minute: ReadonlySet<number> | undefined;
  readonly hour: ReadonlySet<number> | undefined;
}

/** `weekday`: 0 is Monday. */
function planDay({ second, minute, hour }: Times, blackouts: ScheduleConfig['blackouts'], weekday: number): DayPlan {
  const seconds = Array.from({ length: minuteSeconds }, (_, at) => at).filter((at) => second?.has(at) !== false);
  let [slots, longest] = [0, 0];
  let first: number | null = null;
  let last = 0;
  for (let at = 0; at < daySeconds; at += minuteSeconds) {
    const of = at / minuteSeconds;
    if (hour?.has(Math.floor(of / 60)) === false || minute?.has(of % 60) === false) continue;
    slots += seconds.length;
    const date = new Date((firstMonday + weekday * daySeconds + at) * 1000);
    if (isBlackedOut(blackouts ?? [], 'UTC', date)) continue;
    for (const each of seconds) {
      const slot = at + each;
      if (first === null) first = slot;
      else longest = Math.max(longest, slot - last);
      last = slot;
    }
  }
  return { slots, kept: first === null ? null : { first, last, longest } };
}
