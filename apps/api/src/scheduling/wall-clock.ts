import { CronTime } from 'cron';

// Wall clocks as numbers: milliseconds as if the clock on the wall showed UTC. Its zone's offset is what it is ahead of the true time.

const second = 1_000;
const hour = 3_600 * second;
const dayHours = 24;
const day = dayHours * hour;
/** Clocks change less often than that. */
const stepMs = 7 * day;
/** No change of a clock is longer. */
const longestChangeMs = 3 * hour;

const times = new Map<string, CronTime>();

/** The first time after one (exclusive, whole seconds) that a schedule names; null: none within eight years. */
export function nextWall(cron: string, after: number): number | null {
  const time = timeOf(cron);
  try {
    // The library may answer with the second that it is given.
    for (const start of [after, after + second]) {
      const next = time.getNextDateFrom(new Date(start), 'UTC').toMillis();
      if (next > after) return next;
    }
    return null;
  } catch {
    // It says that there is none by an error (29 February may be near that limit).
    return null;
  }
}

/** A schedule of every hour, however that is written: it goes on through an hour that comes twice. */
export function everyHour(cron: string): boolean {
  // The library's own set: its text for the field is not always `*`.
  return Object.keys(Reflect.get(timeOf(cron), 'hour') as object).length === dayHours;
}

function timeOf(cron: string): CronTime {
  const time = times.get(cron) ?? new CronTime(cron, 'UTC');
  times.set(cron, time);
  return time;
}

/** The first instant of `from` to `to` (both inclusive) at which the offset is another one; null: it stays. */
export function firstChange(timezone: string, offset: number, from: number, to: number): number | null {
  if (offsetAt(timezone, from) !== offset) return from;
  for (let same = from; same < to;) {
    let other = Math.min(same + stepMs, to);
    if (offsetAt(timezone, other) === offset) {
      same = other;
      continue;
    }
    while (other - same > second) {
      const middle = same + Math.floor((other - same) / 2 / second) * second;
      if (offsetAt(timezone, middle) === offset) same = middle;
      else other = middle;
    }
    return other;
  }
  return null;
}

/** Whether the wall clock has shown the same time before: clocks went back since. */
export function isSecondTime(timezone: string, at: number): boolean {
  const before = offsetAt(timezone, at - longestChangeMs);
  const first = at + offsetAt(timezone, at) - before;
  return first < at && offsetAt(timezone, first) === before;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far the wall clock of a zone is ahead of UTC at an instant. */
export function offsetAt(timezone: string, at: number): number {
  const formatter =
    formatters.get(timezone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  formatters.set(timezone, formatter);
  const parts = Object.fromEntries(formatter.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day: date = 1, hour: hours = 0, minute = 0, second: seconds = 0 } = parts;
  return Date.UTC(year, month - 1, date, hours, minute, seconds) - Math.floor(at / second) * second;
}
