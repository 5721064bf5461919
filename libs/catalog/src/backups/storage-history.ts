import { op, type Filter } from '../store/record-collection.js';
import type { StorageHistory } from '../contract/stats.js';
import type { Backups } from './backup-record.js';

const dayMs = 86_400_000;
const windowDays = 14;

const there = { status: { $in: ['completed', 'deleting'] } };

/** What the quota counts. */
export function storageBytes(backups: Backups, filter: { readonly target?: string } = {}): Promise<number> {
  return sizes(backups, [{ ...there, ...filter }]);
}

/** What backups took lately, by the records: those of deleted ones are kept long enough. */
export async function storageHistory(
  backups: Backups,
  filter: { readonly target?: string },
  now: Date,
): Promise<StorageHistory> {
  const begin = new Date(now.getTime() - windowDays * dayMs);
  const made = { hash: op({ $type: 'string' }), ...filter };
  const since = (await backups.exists({ ...made, completedAt: op({ $lte: begin }) }))
    ? begin
    : await firstOf(backups, made, now);
  const standing = { $or: [there, { status: 'deleted', deletedAt: { $gt: since } }] };
  const [usedBytes, usedBefore, addedBytes] = await Promise.all([
    storageBytes(backups, filter),
    sizes(backups, [{ hash: { $type: 'string' }, completedAt: { $lte: since }, ...filter }, standing]),
    sizes(backups, [{ hash: { $type: 'string' }, completedAt: { $gt: since, $lte: now }, ...filter }]),
  ]);
  return { usedBytes, usedBefore, addedBytes, since };
}

/** When the oldest ended; now where there is none. */
async function firstOf(backups: Backups, made: Filter, now: Date): Promise<Date> {
  const [oldest] = await backups.find(made, { sort: { completedAt: 1 }, limit: 1, only: ['completedAt'] });
  return oldest?.completedAt ?? now;
}

async function sizes(backups: Backups, filters: readonly object[]): Promise<number> {
  const [found] = await backups.sum<{ readonly bytes: number }>([
    ...filters.map((filter) => ({ $match: filter })),
    { $group: { _id: null, bytes: { $sum: '$size' } } },
  ]);
  return found?.bytes ?? 0;
}
