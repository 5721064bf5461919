import type { RetentionPolicy, RetentionRecord } from '#retention';

// What must be kept, written from docs/DESIGN.md by another way than libs/retention: no windows are numbered and nothing is walked through in order. Of each backup
// it is asked what speaks for it, over all others, with calendar labels that Intl makes.

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const quarterMs = 900_000;

/** Why a target's backup must stay; an empty list: it may go. */
export function modelReasons(
  record: RetentionRecord,
  all: readonly RetentionRecord[],
  policy: RetentionPolicy,
  now: Date,
): string[] {
  const reasons: string[] = [];
  const say = (holds: boolean, reason: string): void => {
    if (holds) reasons.push(reason);
  };
  const age = now.getTime() - record.completedAt.getTime();
  say(record.pinned, 'pinned');
  say(record.usedBy !== null, 'used');
  say(record.lockedUntil !== null && record.lockedUntil.getTime() > now.getTime(), 'locked');
  say(age < 0, 'future');
  say(age >= 0 && age < policy.retentionDays * dayMs, 'young');
  if (age < 0) return reasons;

  const past = all.filter(({ completedAt }) => completedAt.getTime() <= now.getTime());
  const newerOfAll = past.filter((other) => other.good && isNewer(other, record));
  const isAlike = (other: RetentionRecord) => (other.series ?? '') === (record.series ?? '');
  const alike = past.filter(isAlike);
  const good = alike.filter((other) => other.good);
  const newer = newerOfAll.filter(isAlike);
  if (record.good) {
    say(newer.length < policy.keepLast, 'last');
    say(newer.length === 0, 'last good');
    say(record.verified && !newer.some(({ verified }) => verified), 'last verified');
    say([record, ...newerOfAll].reduce((sum, { bytes }) => sum + bytes, 0) <= policy.withinBytes, 'size');
    for (const [kind, count] of windowsOf(policy)) {
      const mine = labelOf(kind, record.completedAt, policy.timezone);
      const isFirst = () => !newer.some((other) => labelOf(kind, other.completedAt, policy.timezone) === mine);
      say(lastLabels(kind, count, now, policy.timezone).has(mine) && isFirst(), kind);
    }
  }
  const before = record.good
    ? newer.length
    : good.length + alike.filter((other) => !other.good && isNewer(other, record)).length;
  say(before < Math.max(1, policy.minKeep), 'minimum');
  return reasons;
}

/** Whether so many may not go of a target without a confirmation: what stays is less than half of what it had, all that came in the last day counting as one. */
export function modelRefusesTarget(all: readonly RetentionRecord[], removed: ReadonlySet<string>, now: Date): boolean {
  const isLost = (some: readonly RetentionRecord[]): boolean => {
    const today = some.filter(({ completedAt }) => {
      const age = now.getTime() - completedAt.getTime();
      return age >= 0 && age < dayMs;
    });
    const had = some.length - Math.max(today.length, 1) + 1;
    const stays = some.filter(({ backupId }) => !removed.has(backupId)).length;
    return stays < had / 2;
  };
  return isLost(all) || isLost(all.filter(({ good }) => good));
}

/**
 * The time that counts for a series: the earliest of the clocks, and of the newest good one (that is not of the future, and of the main series or of this one, where there
 * is one of the main series) + 2 intervals.
 */
export function modelNow(
  all: readonly RetentionRecord[],
  clocks: readonly Date[],
  intervalMs: number,
  ofSeries = '',
): Date {
  const clock = clocks.map((date) => date.getTime()).sort((a, b) => a - b)[0] ?? 0;
  const known = all.filter(({ good, completedAt }) => good && completedAt.getTime() <= clock);
  const isMain = ({ series = '' }: RetentionRecord) => series === '';
  const counts = (record: RetentionRecord) => isMain(record) || record.series === ofSeries;
  const times = (known.some(isMain) ? known.filter(counts) : known).map(({ completedAt }) => completedAt.getTime());
  const [newest] = times.sort((a, b) => b - a);
  return new Date(newest === undefined ? clock : Math.min(clock, newest + 2 * intervalMs));
}

function isNewer(a: RetentionRecord, b: RetentionRecord): boolean {
  const difference = a.completedAt.getTime() - b.completedAt.getTime();
  return difference > 0 || (difference === 0 && a.backupId > b.backupId);
}

type Kind = 'hour' | 'day' | 'week' | 'month' | 'year';

function windowsOf(policy: RetentionPolicy): (readonly [Kind, number])[] {
  const { hourly, daily, weekly, monthly, yearly } = policy;
  return [
    ['hour', hourly] as const,
    ['day', daily] as const,
    ['week', weekly] as const,
    ['month', monthly] as const,
    ['year', yearly] as const,
  ];
}

/** By kind and zone, then by time. */
const labels = new Map<string, Map<number, string>>();
const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-23T14+01:00`, `2026-11-23`, `2026-W48`, `2026-11`, `2026`: on the wall of the zone. */
function labelOf(kind: Kind, at: Date, timezone: string): string {
  const key = `${kind}/${timezone}`;
  const ofKind = labels.get(key) ?? new Map<number, string>();
  if (ofKind.size > 200_000) ofKind.clear();
  labels.set(key, ofKind);
  const known = ofKind.get(at.getTime());
  if (known !== undefined) return known;
  const label = makeLabel(kind, at, timezone);
  ofKind.set(at.getTime(), label);
  return label;
}

function makeLabel(kind: Kind, at: Date, timezone: string): string {
  const format =
    formats.get(timezone) ??
    new Intl.DateTimeFormat('en-CA', {
      ...{ timeZone: timezone, hourCycle: 'h23', timeZoneName: 'longOffset' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit' },
    });
  formats.set(timezone, format);
  const parts = format.formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  const [year, month, day] = [part('year'), part('month'), part('day')];
  switch (kind) {
    case 'hour':
      return `${year}-${month}-${day}T${part('hour')}${part('timeZoneName')}`;
    case 'day':
      return `${year}-${month}-${day}`;
    case 'week':
      return isoWeek(Number(year), Number(month), Number(day));
    case 'month':
      return `${year}-${month}`;
    case 'year':
      return year;
  }
}

/** The ISO week: that of its Thursday. */
function isoWeek(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  return `${date.getUTCFullYear()}-W${Math.ceil(((date.getTime() - first) / dayMs + 1) / 7)}`;
}

const sets = new Map<string, ReadonlySet<string>>();

/** The labels of the last so many windows, the present one among them, by going back on the calendar. */
function lastLabels(kind: Kind, count: number, now: Date, timezone: string): ReadonlySet<string> {
  const key = `${kind}/${count}/${timezone}/${now.getTime()}`;
  const known = sets.get(key);
  if (known !== undefined) return known;
  if (sets.size > 10_000) sets.clear();
  const found = new Set<string>();
  if (count > 0 && kind === 'hour') {
    // By quarters of an hour, so that no hour is passed over that a moved clock cut short.
    const begins = new Map<string, number>();
    const newest = Math.floor(now.getTime() / quarterMs) * quarterMs;
    for (let at = newest; at > newest - (count + 2) * hourMs; at -= quarterMs)
      begins.set(labelOf(kind, new Date(at), timezone), at);
    const present = begins.get(labelOf(kind, new Date(newest), timezone)) ?? newest;
    for (const [label, begin] of begins) if (begin > present - count * hourMs) found.add(label);
  } else if (count > 0) {
    const [year = 0, month = 1, day = 1] = labelOf('day', now, timezone).split('-').map(Number);
    for (let back = 0; back < count; back += 1) {
      const then = new Date(
        Date.UTC(kind === 'year' ? year - back : year, month - 1, kind === 'month' || kind === 'year' ? 1 : day),
      );
      if (kind === 'month') then.setUTCMonth(then.getUTCMonth() - back);
      else if (kind === 'day') then.setUTCDate(then.getUTCDate() - back);
      else if (kind === 'week') then.setUTCDate(then.getUTCDate() - 7 * back);
      found.add(labelOf(kind, new Date(then.getTime() + 12 * hourMs), 'UTC'));
    }
  }
  sets.set(key, found);
  return found;
}
