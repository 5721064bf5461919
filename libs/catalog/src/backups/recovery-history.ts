import { contentOf, isPart } from '#contracts';
import type { RecoveryDay } from '../contract/stats.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';
import { isFoundBad } from './is-good.js';
import { statusAmong } from './list-filter.js';
import { newest, windowsInDays } from './newest.js';
import { leavingOut, parts } from './parts-filter.js';
import { firstDayOf } from './stats-of.js';

const dayMs = 86_400_000;
/** So many of those that stood when the first day began: the newest, and others in case that it was deleted since. */
const mostBefore = 100;
/** Of the newest ones so many are looked at for one that was not found bad. */
const mostBad = 5;
const only = [
  ...['createdAt', 'startedAt', 'completedAt', 'deletedAt', 'verifications'],
  ...['trigger', 'database', 'part'],
] as const;

/** A backup that could be restored from its end until it was deleted, and holds what was there when it was begun. */
export interface Restorable {
  readonly begun: Date;
  readonly ended: Date;
  readonly deleted: Date | null;
}

/**
 * For each of the last 30 days (UTC), newest first, how much the loss of the server would have cost at its worst moment. Deleted backups count for the time they stood;
 * those that were found bad, or went missing, never.
 */
export async function recoveryHistory(backups: Backups, target: string, now: Date): Promise<readonly RecoveryDay[]> {
  const made = {
    target,
    hash: op({ $type: 'string' }),
    // Of one that was missing nobody knows since when.
    deletingFrom: op({ $ne: 'missing' }),
    ...statusAmong('completed', 'deleting', 'deleted'),
  };
  const all = await restorables(backups, made, now);
  if (!all.some(isPart)) return worstDays(all.flatMap(toRestorable), now);
  // Parts that were made by hand count only where there is nothing else, or where they hold the same.
  const whole = await newestWhole(backups, made, now);
  const content = whole === null ? null : contentOf(whole);
  const counted = content === null ? all : await restorables(backups, leavingOut(parts(content), made), now);
  return worstDays(counted.flatMap(toRestorable), now);
}

/** The newest that is no part and stood on one of the days; null: there was none, or all were found bad. */
async function newestWhole(backups: Backups, made: Filter, now: Date): Promise<BackupDocument | null> {
  const wholes = await newest(backups, 'completedAt', leavingOut(parts(), stood(made, now)), now, {
    ...{ limit: mostBad, only },
  });
  const [newestOne] = wholes;
  // Where there may be more than were looked at, a good one may be among them: it holds the same.
  return wholes.find(isNotBad) ?? (wholes.length === mostBad ? newestOne : undefined) ?? null;
}

function stood(made: Filter, now: Date): Filter {
  return { ...made, $or: [{ deletedAt: null }, { deletedAt: op({ $gt: firstDayOf(now) }) }] };
}

/** What was made since the first day, and of what stood when it began the newest. */
async function restorables(backups: Backups, made: Filter, now: Date): Promise<readonly BackupDocument[]> {
  const since = firstDayOf(now);
  const before = async (): Promise<readonly BackupDocument[]> => {
    let found: readonly BackupDocument[] = [];
    for (const days of [...windowsInDays, Number.POSITIVE_INFINITY]) {
      const from = new Date(Math.max(0, since.getTime() - days * dayMs));
      const completedAt = op({ $gte: from, $lt: since });
      const options = { only, sort: { completedAt: -1 }, limit: mostBefore } as const;
      found = await backups.find({ ...stood(made, now), completedAt }, options);
      // One that stands to this day ends the look: of those before it nothing is asked.
      if (found.some((one) => ((one as Partial<BackupDocument>).deletedAt ?? null) === null && isNotBad(one))) break;
    }
    return found;
  };
  return [
    ...(await before()),
    ...(await backups.find({ ...made, completedAt: op({ $gte: since, $lte: now }) }, { only })),
  ];
}

function isNotBad(document: BackupDocument): boolean {
  const { verifications = [] } = document as Partial<BackupDocument>;
  return !isFoundBad({ verifications });
}

function toRestorable(document: BackupDocument): readonly Restorable[] {
  const { createdAt, startedAt, completedAt, deletedAt = null } = document as Partial<BackupDocument>;
  if (createdAt === undefined || completedAt === undefined || completedAt === null || !isNotBad(document)) return [];
  return [{ begun: startedAt ?? createdAt, ended: completedAt, deleted: deletedAt }];
}

/** `worstSeconds` null: at some moment of the day nothing could be restored any more. Days before the first backup are left out; the order of the backups does not matter. */
export function worstDays(restorable: readonly Restorable[], now: Date): readonly RecoveryDay[] {
  const standing = new Standing(restorable);
  const found: RecoveryDay[] = [];
  for (let day = firstDayOf(now).getTime(); day <= now.getTime(); day += dayMs) {
    const end = Math.min(day + dayMs, now.getTime());
    let worstMs: number | null = -1;
    let isKnown = false;
    // Until something ends or is deleted, and until the day ends, what would be lost grows.
    for (let at = day; at < end;) {
      const point = standing.newestAt(at);
      const next = Math.min(standing.nextChange(at), end);
      if (point !== null && worstMs !== null) worstMs = Math.max(worstMs, next - point);
      if (point === null && standing.hasBegun) worstMs = null;
      isKnown ||= standing.hasBegun;
      at = next;
    }
    if (!isKnown) continue;
    const worstSeconds = worstMs === null ? null : Math.round(worstMs / 1000);
    found.push({ date: new Date(day).toISOString().slice(0, 10), worstSeconds });
  }
  return found.reverse();
}

/** What stands at a time that only moves on. */
class Standing {
  readonly #byEnd: readonly Restorable[];
  readonly #changes: readonly number[];
  /** In the order of when they were begun. Those that were deleted are taken away when they come to the end of it. */
  readonly #there: Restorable[] = [];
  #ended = 0;
  #changed = 0;

  constructor(restorable: readonly Restorable[]) {
    this.#byEnd = [...restorable].sort((a, b) => a.ended.getTime() - b.ended.getTime());
    const times = restorable.flatMap(({ ended, deleted }) => (deleted === null ? [ended] : [ended, deleted]));
    this.#changes = times.map((time) => time.getTime()).sort((a, b) => a - b);
  }

  /** Something could be restored at that time or before. */
  get hasBegun(): boolean {
    return this.#ended > 0;
  }

  /** When the newest that stands was begun; null: none stands. */
  newestAt(at: number): number | null {
    for (
      let one = this.#byEnd[this.#ended];
      one !== undefined && one.ended.getTime() <= at;
      one = this.#byEnd[this.#ended]
    ) {
      const begun = one.begun.getTime();
      this.#there.splice(this.#there.findLastIndex((other) => other.begun.getTime() <= begun) + 1, 0, one);
      this.#ended += 1;
    }
    for (let last = this.#there.at(-1); isGone(last, at); last = this.#there.at(-1)) this.#there.pop();
    return this.#there.at(-1)?.begun.getTime() ?? null;
  }

  /** The next time at which something ends or is deleted; infinite when nothing does. */
  nextChange(at: number): number {
    while ((this.#changes[this.#changed] ?? Number.POSITIVE_INFINITY) <= at) this.#changed += 1;
    return this.#changes[this.#changed] ?? Number.POSITIVE_INFINITY;
  }
}

function isGone(one: Restorable | undefined, at: number): boolean {
  return one !== undefined && one.deleted !== null && one.deleted.getTime() <= at;
}
