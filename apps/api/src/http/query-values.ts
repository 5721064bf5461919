import { Transform } from 'class-transformer';
import { readDayOrTime } from './day-or-time.js';

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

/** A day (its first instant, or with `end` its last) or a time with its zone. */
export const Instant = (edge: 'start' | 'end'): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? (readDayOrTime(value, edge) ?? value) : value,
  );
