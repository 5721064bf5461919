import { offsetOf } from '#contracts';

export type WindowKind = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

const hourMs = 3_600_000;
/** Clocks are moved at a quarter of an hour (`offsetOf`). */
const quarterMs = hourMs / 4;
const dayMs = 24 * hourMs;
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * dayMs;

/** Number of the window that a wall-clock time (as if the clock on the wall showed UTC) lies in: consecutive windows have consecutive numbers. */
const numberOf: Readonly<Record<Exclude<WindowKind, 'hourly'>, (wall: Date) => number>> = {
  daily: (wall) => Math.floor(wall.getTime() / dayMs),
  weekly: (wall) => Math.floor((wall.getTime() - mondayMs) / (7 * dayMs)),
  monthly: (wall) => wall.getUTCFullYear() * 12 + wall.getUTCMonth(),
  yearly: (wall) => wall.getUTCFullYear(),
};

export const windowKinds = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/**
 * Days, weeks, months and years are those of the wall clock of a zone. Hours are true ones, cut where the zone's clock strikes: the hour that comes twice when
 * clocks go back is two windows. So is what clocks that move by half an hour leave of one: its number lies between those of its neighbours, and the last hours are those
 * that began so many hours before the present one did, or later.
 */
export function windowOf(kind: WindowKind, at: Date, timezone: string): number {
  const offset = offsetOf(timezone, at.getTime());
  if (kind === 'hourly') return beginOfHour(at.getTime(), offset, timezone) / hourMs;
  return numberOf[kind](new Date(at.getTime() + offset));
}

/** When the hour on the zone's wall began, or the clock was moved in it. */
function beginOfHour(at: number, offset: number, timezone: string): number {
  let begin = Math.floor((at + offset) / hourMs) * hourMs - offset;
  while (begin < at && offsetOf(timezone, begin) !== offset) begin += quarterMs;
  return begin;
}

/** The window in words, by the zone's wall clock: `daily 2026-11-23`. */
export function windowName(kind: WindowKind, at: Date, timezone: string): string {
  const wall = new Date(at.getTime() + offsetOf(timezone, at.getTime()));
  const iso = wall.toISOString();
  switch (kind) {
    case 'hourly':
      return `hourly ${iso.slice(0, 13)}h`;
    case 'daily':
      return `daily ${iso.slice(0, 10)}`;
    case 'weekly':
      return `weekly, from ${new Date(numberOf.weekly(wall) * 7 * dayMs + mondayMs).toISOString().slice(0, 10)}`;
    case 'monthly':
      return `monthly ${iso.slice(0, 7)}`;
    case 'yearly':
      return `yearly ${iso.slice(0, 4)}`;
  }
}
