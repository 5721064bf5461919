import { offsetOf } from '#contracts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** A time of the day in which no backup of a target begins by its schedule; by the wall clock of the target's zone. */
export interface Blackout {
  /** `HH:MM`, inclusive. */
  readonly from: string;
  /** `HH:MM`, exclusive; not after `from`: on the next day. */
  readonly to: string;
  /** The days on which it begins. */
  readonly days: readonly Weekday[];
}

const dayMinutes = 1440;
const minuteMs = 60_000;
/** They come again every week. */
const weekMinutes = 7 * dayMinutes;

export function isBlackedOut(blackouts: readonly Blackout[], timezone: string, at: Date): boolean {
  if (blackouts.length === 0) return false;
  const { day, minute } = wallOf(timezone, at);
  return blackouts.some(({ from, to, days }) => {
    const [begin, end] = [minuteOf(from), minuteOf(to)];
    const today = days.includes(dayAt(day));
    if (begin < end) return today && minute >= begin && minute < end;
    // Over midnight: it began today, or yesterday.
    return (today && minute >= begin) || (days.includes(dayAt(day + 6)) && minute < end);
  });
}

/** The first whole minute at or after a time that lies in no blackout; null: they leave none. */
export function endOfBlackout(blackouts: readonly Blackout[], timezone: string, at: Date): Date | null {
  const start = Math.ceil(at.getTime() / minuteMs) * minuteMs;
  // A day more than a week, for clocks that change.
  for (let minutes = 0; minutes <= weekMinutes + dayMinutes; minutes += 1) {
    const then = new Date(start + minutes * minuteMs);
    if (!isBlackedOut(blackouts, timezone, then)) return then;
  }
  return null;
}

function dayAt(index: number): Weekday {
  return weekdays[index % weekdays.length] ?? 'mon';
}

function minuteOf(text: string): number {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour * 60 + minute;
}

/** Days since the epoch begin on a Thursday. */
const epochDay = weekdays.indexOf('thu');

function wallOf(timezone: string, at: Date): { readonly day: number; readonly minute: number } {
  const minutes = Math.floor((at.getTime() + offsetOf(timezone, at.getTime())) / minuteMs);
  const days = Math.floor(minutes / dayMinutes);
  return { day: epochDay + days, minute: minutes - days * dayMinutes };
}
