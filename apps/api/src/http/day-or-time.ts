// A day, or a time with its zone, as a pattern that knows the calendar: it is what is checked, and what the OpenAPI document says.
const leapYear = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const day =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const minute = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const time = `T${minute}(?::[0-5][0-9](?:\\.[0-9]{1,3})?)?(?:Z|[+-]${minute})`;

export const dayOrTime = `^(?:[0-9]{4}-${day}|${leapYear}-02-29)(?:${time})?$`;
const pattern = new RegExp(dayOrTime);
const dayLength = '2026-11-23'.length;

/** The first instant of a day, or with `end` its last; a time as it is. Null: neither. */
export function readDayOrTime(text: string, edge: 'start' | 'end'): Date | null {
  if (!pattern.test(text)) return null;
  return new Date(text.length === dayLength && edge === 'end' ? `${text}T23:59:59.999Z` : text);
}
