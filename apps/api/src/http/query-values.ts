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
    const day = dateOnly.test(value);
    const at = new Date(day && edge === 'end' ? `${value}T23:59:59.999Z` : value);
    // 2026-02-30 would become March 2nd.
    if (Number.isNaN(at.getTime()) || (day && at.toISOString().slice(0, 10) !== value)) return value;
    return at;
  });
