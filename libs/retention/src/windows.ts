export type WindowKind = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** 1970-01-05 was a Monday. */
const mondayMs = 4 * dayMs;

/** Number of the calendar window (UTC) that a time lies in: consecutive windows have consecutive numbers. */
const numberOf: Readonly<Record<WindowKind, (at: Date) => number>> = {
  hourly: (at) => Math.floor(at.getTime() / hourMs),
  daily: (at) => Math.floor(at.getTime() / dayMs),
  weekly: (at) => Math.floor((at.getTime() - mondayMs) / (7 * dayMs)),
  monthly: (at) => at.getUTCFullYear() * 12 + at.getUTCMonth(),
  yearly: (at) => at.getUTCFullYear(),
};

export const windowKinds = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

export function windowOf(kind: WindowKind, at: Date): number {
  return numberOf[kind](at);
}

/** The window in words: `daily 2026-11-23`. */
export function windowName(kind: WindowKind, at: Date): string {
  const iso = at.toISOString();
  switch (kind) {
    case 'hourly':
      return `hourly ${iso.slice(0, 13)}h`;
    case 'daily':
      return `daily ${iso.slice(0, 10)}`;
    case 'weekly':
      return `weekly, from ${new Date(windowOf('weekly', at) * 7 * dayMs + mondayMs).toISOString().slice(0, 10)}`;
    case 'monthly':
      return `monthly ${iso.slice(0, 7)}`;
    case 'yearly':
      return `yearly ${iso.slice(0, 4)}`;
  }
}
