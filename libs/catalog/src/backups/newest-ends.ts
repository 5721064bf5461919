import { contentOf, isPart, isPartBeside } from '#contracts';
import type { TargetEnds } from '../contract/stats.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';
import { statusAmong } from './list-filter.js';
import { newest } from './newest.js';
import { leavingOut, parts } from './parts-filter.js';

const lookedBackMs = 2 * 86_400_000;
/** So many of all targets are brought by one query. */
const most = 2000;
const only = [
  ...['target', 'backupId', 'status', 'startedAt', 'completedAt', 'hash', 'error'],
  ...['trigger', 'database', 'part'],
];

/** Was completed, whatever became of it since. */
const succeeded = (): Filter => ({ hash: op({ $type: 'string' }) });
/** Ran, and is still there. One that was superseded was no run. */
export const ran = (withoutErrors: readonly string[] = []): Filter => ({
  ...statusAmong('completed', 'failed'),
  'error.code': op({ $nin: ['superseded', ...withoutErrors] }),
});

/** The newest outcomes of each target: of those that ran lately by one query for all, of others by one for each. */
export async function newestEnds(
  backups: Backups,
  targets: readonly string[],
  now: Date,
): Promise<Readonly<Record<string, TargetEnds>>> {
  const lately = await backups.find(
    // `listed` has no other values: it is there for the index that begins with it.
    { listed: op({ $in: [true, false] }), completedAt: op({ $gt: new Date(now.getTime() - lookedBackMs) }) },
    { limit: most, only, sort: { completedAt: -1, backupId: -1 } },
  );
  const ends = targets.map(async (target) => {
    const own = lately.filter((document) => document.target === target);
    const [success, run] = await Promise.all([
      lastSuccess(backups, target, own, now),
      own.find(isRun) ?? one(backups, { target, ...ran() }, now),
    ]);
    return [target, { lastSuccessAt: success?.completedAt ?? null, lastRun: run === undefined ? null : toRun(run) }];
  });
  return Object.fromEntries((await Promise.all(ends)) as [string, TargetEnds][]);
}

/** The newest that counts as one of all that the target is: a part of it that was made by hand does not, where the newest of the others holds something else. */
async function lastSuccess(
  backups: Backups,
  target: string,
  lately: readonly BackupDocument[],
  now: Date,
): Promise<BackupDocument | undefined> {
  const good = lately.filter(({ hash }) => typeof hash === 'string');
  const newestOne = good[0] ?? (await one(backups, { target, ...succeeded() }, now));
  if (newestOne === undefined || !isPart(newestOne)) return newestOne;
  const ofAll = { target, ...succeeded() };
  const whole = good.find((document) => !isPart(document)) ?? (await one(backups, leavingOut(parts(), ofAll), now));
  if (whole === undefined || contentOf(whole) === contentOf(newestOne)) return newestOne;
  // One that was made by hand counts where it holds the same.
  return (
    good.find((document) => !isPartBeside(document, whole)) ??
    (await one(backups, leavingOut(parts(contentOf(whole)), ofAll), now))
  );
}

function isRun({ status, error }: BackupDocument): boolean {
  return (status === 'completed' || status === 'failed') && error?.code !== 'superseded';
}

async function one(backups: Backups, filter: Filter, now: Date): Promise<BackupDocument | undefined> {
  const [found] = await newest(backups, 'completedAt', filter, now, { limit: 1, only });
  return found;
}

function toRun({ backupId, status, startedAt, completedAt }: BackupDocument): TargetEnds['lastRun'] {
  return { backupId, status, startedAt, completedAt };
}
