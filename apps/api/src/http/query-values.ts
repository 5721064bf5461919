import { Transform } from 'class-transformer';

// Query values are texts. Each is read in its one form; anything else stays as it came, so that the check after it refuses it.

export const WholeNumber = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  );

export const Flag = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => {
    if (value === 'true') return true;
    return value === 'false' ? false : value;
  });

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A day (its first instant, or with `end` its last) or a time with its zone. */
export const Instant = (edge: 'start' | 'end'): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => {
    if (typeof value !== 'string' || !(dateOnly.test(value) || dateTime.test(value))) return value;
    const day = value.slice(0, 10);
    const at = new Date(dateOnly.test(value) && edge === 'end' ? `${value}T23:59:59.999Z` : value);
    return Number.isNaN(at.getTime()) || !isDay(day) ? value : at;
  });

/** 2026-02-30 would become March 2nd. */
function isDay(day: string): boolean {
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}
