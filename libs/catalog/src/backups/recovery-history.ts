import { op } from '../store/record-collection.js';
import type { RecoveryDay } from '../contract/stats.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import type { Backups } from './backup-record.js';
import { windowsInDays } from './newest.js';

const dayMs = 86_400_000;
const shownDays = 30;

/** A backup that could be restored from its end on, and holds what was there when it was begun. */
export interface Restorable {
  readonly begun: Date;
  readonly ended: Date;
}

/** For each of the last 30 days (UTC), newest first, how much the loss of the server would have cost at its worst moment. Deleted backups count for the time they stood. */
export async function recoveryHistory(backups: Backups, target: string, now: Date): Promise<readonly RecoveryDay[]> {
  const since = firstDay(now);
  const made = { target, hash: op({ $type: 'string' }), verificationFailed: op({ $ne: true }) };
  const only = ['createdAt', 'startedAt', 'completedAt'] as const;
  const before = async (): Promise<readonly BackupDocument[]> => {
    for (const days of [...windowsInDays, Number.POSITIVE_INFINITY]) {
      const from = new Date(Math.max(0, since.getTime() - days * dayMs));
      const completedAt = op({ $gte: from, $lt: since });
      const found = await backups.find({ ...made, completedAt }, { only, sort: { completedAt: -1 }, limit: 1 });
      if (found.length > 0) return found;
    }
    return [];
  };
  const [earlier, during] = await Promise.all([
    before(),
    backups.find({ ...made, completedAt: op({ $gte: since, $lte: now }) }, { only }),
  ]);
  const restorable = [...earlier, ...during].flatMap(({ createdAt, startedAt, completedAt }) =>
    completedAt === null ? [] : [{ begun: startedAt ?? createdAt, ended: completedAt }],
  );
  return worstDays(restorable, now);
}

/** Days on which nothing could be restored yet are left out; the order of the backups does not matter. */
export function worstDays(restorable: readonly Restorable[], now: Date): readonly RecoveryDay[] {
  const inOrder = [...restorable].sort((a, b) => a.ended.getTime() - b.ended.getTime());
  const found: RecoveryDay[] = [];
  let point: number | null = null;
  let next = 0;
  for (let day = firstDay(now).getTime(); day <= now.getTime(); day += dayMs) {
    const end = Math.min(day + dayMs, now.getTime());
    let worstMs = -1;
    // Until a backup ends, and until the day ends, what would be lost grows.
    for (let backup = inOrder[next]; backup !== undefined && backup.ended.getTime() < end; backup = inOrder[next]) {
      if (point !== null && backup.ended.getTime() >= day) worstMs = Math.max(worstMs, backup.ended.getTime() - point);
      point = Math.max(point ?? backup.begun.getTime(), backup.begun.getTime());
      next += 1;
    }
    if (point === null) continue;
    worstMs = Math.max(worstMs, end - point);
    found.push({ date: new Date(day).toISOString().slice(0, 10), worstSeconds: Math.round(worstMs / 1000) });
  }
  return found.reverse();
}

function firstDay(now: Date): Date {
  return new Date(now.getTime() - (now.getTime() % dayMs) - (shownDays - 1) * dayMs);
}
