const quarterMs = 900_000;
/** Remembered quarters of an hour of one zone: far more than the backups that one run looks at. */
const mostRemembered = 200_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}

const zones = new Map<string, Zone>();

/** How far the wall clock of an IANA zone is ahead of UTC at an instant, in milliseconds. Clocks change at a quarter of an hour (Newfoundland's did a minute later until 2011). */
export function offsetOf(timezone: string, at: number): number {
  if (timezone === 'UTC') return 0;
  const zone = zones.get(timezone) ?? openZone(timezone);
  const quarter = Math.floor(at / quarterMs);
  const known = zone.offsets.get(quarter);
  if (known !== undefined) return known;
  if (zone.offsets.size >= mostRemembered) zone.offsets.clear();
  const offset = read(zone.format, quarter * quarterMs);
  zone.offsets.set(quarter, offset);
  return offset;
}

function openZone(timezone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  const zone: Zone = { format, offsets: new Map() };
  zones.set(timezone, zone);
  return zone;
}

function read(format: Intl.DateTimeFormat, at: number): number {
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
}
