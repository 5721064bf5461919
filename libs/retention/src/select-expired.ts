import { protectionsOf } from './protections.js';
import type { RetentionTimes } from './retention-now.js';
import type { RetentionDecision, RetentionPolicy, RetentionRecord } from './types.js';
import { windowKinds, windowName, windowOf, type WindowKind } from './windows.js';

const dayMs = 86_400_000;

/**
 * What becomes of each backup of one target, newest first. Kept if any rule keeps; never removed: the last good one, the last verified one, one of the last
 * `minKeep`, a pinned, used or locked one, one dated after the time of its series. Rules count time windows that end then, and only good backups of the past take a place in
 * them: whoever can only add files to the store pushes nothing out. All of that is counted in each series by itself; the bytes in all together.
 */
export function selectExpired(
  policy: RetentionPolicy,
  records: readonly RetentionRecord[],
  times: RetentionTimes,
): RetentionDecision[] {
  const nowOf = (record: RetentionRecord): Date => times(seriesOf(record));
  const newestFirst = [...records].sort(
    (a, b) => b.completedAt.getTime() - a.completedAt.getTime() || (a.backupId < b.backupId ? 1 : -1),
  );
  const reasons = new Map<string, string[]>(newestFirst.map(({ backupId }) => [backupId, []]));
  const keep = ({ backupId }: RetentionRecord, reason: string) => reasons.get(backupId)?.push(reason);

  for (const record of newestFirst) {
    const now = nowOf(record);
    for (const reason of protectionsOf(record, now)) keep(record, reason);
    if (record.completedAt > now) keep(record, 'dated after the time that counts');
    else if (now.getTime() - record.completedAt.getTime() < policy.retentionDays * dayMs)
      keep(record, `younger than ${policy.retentionDays} days`);
  }
  const past = newestFirst.filter((record) => record.completedAt <= nowOf(record));
  const good = past.filter((record) => record.good);
  const series = Map.groupBy(past, seriesOf);
  for (const [name, own] of series) {
    const now = times(name);
    keepByRules(policy, own, now, keep);
    keepWithin(policy.withinBytes, good, { name, now }, keep);
  }
  const minKeep = Math.max(1, policy.minKeep);
  for (const own of series.values())
    for (const record of keepLastOnes(own, minKeep, keep))
      if (reasons.get(record.backupId)?.length === 0) keep(record, `one of the ${minKeep} that are always kept`);

  return newestFirst.map((record) => {
    const { backupId, target, completedAt } = record;
    const kept = reasons.get(backupId) ?? [];
    if (kept.length > 0) return { backupId, target, decision: 'keep', reasons: kept };
    const days = Math.floor((nowOf(record).getTime() - completedAt.getTime()) / dayMs);
    return { backupId, target, decision: 'remove', reasons: [`${days} days old, and no rule keeps it`] };
  });
}

type Keep = (record: RetentionRecord, reason: string) => void;

/** What the counts and windows keep of a series. */
function keepByRules(
  policy: RetentionPolicy,
  pastNewestFirst: readonly RetentionRecord[],
  now: Date,
  keep: Keep,
): void {
  const good = pastNewestFirst.filter((record) => record.good);
  for (const record of good.slice(0, policy.keepLast)) keep(record, `one of the last ${policy.keepLast}`);
  for (const kind of windowKinds) keepWindows(kind, policy, good, now, keep);
}

/** Keeps the last good and the last verified one of a series, and gives the last `minKeep`. */
function keepLastOnes(
  pastNewestFirst: readonly RetentionRecord[],
  minKeep: number,
  keep: Keep,
): readonly RetentionRecord[] {
  const good = pastNewestFirst.filter((record) => record.good);
  const [lastGood] = good;
  if (lastGood !== undefined) keep(lastGood, 'the last good one');
  const lastVerified = good.find(({ verified }) => verified);
  if (lastVerified !== undefined) keep(lastVerified, 'the last verified one');
  // Good ones first; bad ones only where there are not enough: a damaged backup is better than none.
  return [...good, ...pastNewestFirst.filter((record) => !record.good)].slice(0, minKeep);
}

/** The newest good one of each of the last `count` windows. */
function keepWindows(
  kind: WindowKind,
  { [kind]: count, timezone }: RetentionPolicy,
  goodNewestFirst: readonly RetentionRecord[],
  now: Date,
  keep: Keep,
): void {
  if (count === 0) return;
  const current = windowOf(kind, now, timezone);
  const taken = new Set<number>();
  for (const record of goodNewestFirst) {
    const window = windowOf(kind, record.completedAt, timezone);
    if (window <= current - count || taken.has(window)) continue;
    taken.add(window);
    keep(record, windowName(kind, record.completedAt, timezone));
  }
}

/**
 * Of a series the newest good ones up to the first that does not fit any more beside those of all series: what is older than it goes before it does. What came after the
 * time of the series pushes nothing of it out.
 */
function keepWithin(
  most: number,
  goodNewestFirst: readonly RetentionRecord[],
  { name, now }: { readonly name: string; readonly now: Date },
  keep: Keep,
): void {
  let bytes = 0;
  for (const record of goodNewestFirst) {
    if (record.completedAt > now) continue;
    bytes += record.bytes;
    if (bytes > most) return;
    if (seriesOf(record) === name) keep(record, `within ${most} bytes`);
  }
}

function seriesOf({ series = '' }: RetentionRecord): string {
  return series;
}
