import type { StorageHistory } from '../contract/stats.js';
import { unmeasured, type Copies } from './copy-record.js';

const dayMs = 86_400_000;
const windowDays = 14;
const stands = [{ storedBytes: { $gt: 0 } }, unmeasured];
/** What stands there, and what stood there: copies that were never made count nowhere. */
const wasThere = { $or: [...stands, { state: 'removed' }] };

/**
 * What the copies in a destination take, and took. By the ends of their backups, not by the times of the copying: all that a new destination is given on its first
 * day tells nothing of the days to come.
 */
export async function copyHistory(copies: Copies, destination: string, now: Date): Promise<StorageHistory> {
  const begin = new Date(now.getTime() - windowDays * dayMs);
  const [oldest] = await copies.aggregate<{ readonly completedAt: Date }>([
    ...[{ $match: { destination } }, { $match: wasThere }],
    { $group: { _id: null, completedAt: { $min: '$completedAt' } } },
  ]);
  const first = oldest?.completedAt ?? now;
  const since = first > begin ? first : begin;
  const stoodThen = { $or: [...stands, { state: 'removed', removedAt: { $gt: since } }] };
  const [measured, unwritten, usedBefore, addedBytes] = await Promise.all([
    sum(copies, 'storedBytes', [{ destination }]),
    sum(copies, 'bytes', [{ destination }, unmeasured]),
    sum(copies, 'bytes', [{ destination, completedAt: { $lte: since } }, stoodThen]),
    sum(copies, 'bytes', [{ destination, completedAt: { $gt: since, $lte: now } }, wasThere]),
  ]);
  return { usedBytes: measured + unwritten, usedBefore, addedBytes, since };
}

async function sum(copies: Copies, field: 'storedBytes' | 'bytes', filters: readonly object[]): Promise<number> {
  const [found] = await copies.aggregate<{ readonly bytes: number }>([
    ...filters.map((filter) => ({ $match: filter })),
    { $group: { _id: null, bytes: { $sum: `$${field}` } } },
  ]);
  return found?.bytes ?? 0;
}
