// When a schedule is due, said once more and without any library: every minute of a zone's wall clock is looked at. For tests, to compare with.

const minuteMs = 60_000;
const dayHours = 24;

export interface SimpleCron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  /** How they are written; default: one by one. */
  readonly hoursText?: string;
}

export function cronText({ minutes, hours, hoursText }: SimpleCron): string {
  return `${[...minutes].join(',')} ${hoursText ?? [...hours].join(',')} * * *`;
}

/** A minute of a zone: when it is, what the clock on the wall shows, and what it has just skipped. Times of the wall are as if it showed UTC. */
export interface WallMinute {
  readonly at: number;
  readonly wall: number;
  readonly skipped: readonly number[];
}

/** Every minute from a day before (so that what is doubled is known) to the end. */
export function wallClock(timeZone: string, from: Date, until: Date): WallMinute[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const minutes: WallMinute[] = [];
  for (let at = from.getTime() - 24 * 60 * minuteMs; at <= until.getTime(); at += minuteMs) {
    const wall = Date.parse(`${format.format(at).replace(' ', 'T')}Z`);
    const next = (minutes.at(-1)?.wall ?? wall - minuteMs) + minuteMs;
    const gap = Math.max(0, (wall - next) / minuteMs);
    minutes.push({ at, wall, skipped: Array.from({ length: gap }, (_, index) => next + index * minuteMs) });
  }
  return minutes;
}

/**
 * The slots among these minutes: every one whose wall clock fits. A wall clock that comes twice counts the first time, unless the schedule is for every hour; one
 * that is skipped is made up for in the first minute after the gap.
 */
export function wallClockSlots(cron: SimpleCron, minutes: readonly WallMinute[]): Date[] {
  const seen = new Set<number>();
  return minutes.flatMap(({ at, wall, skipped }) => {
    const isDoubled = cron.hours.size < dayHours && seen.has(wall);
    seen.add(wall);
    return (fits(cron, wall) && !isDoubled) || skipped.some((time) => fits(cron, time)) ? [new Date(at)] : [];
  });
}

function fits({ minutes, hours }: SimpleCron, wall: number): boolean {
  const at = new Date(wall);
  return minutes.has(at.getUTCMinutes()) && hours.has(at.getUTCHours());
}
