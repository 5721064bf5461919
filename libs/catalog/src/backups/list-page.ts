import type { BackupQuery } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { afterFilter } from '../store/after-filter.js';
import { op, type Filter } from '../store/record-collection.js';
import { longFields, type Backups } from './backup-record.js';
import { pageBySize } from './by-size.js';
import { windowsInDays } from './newest.js';

const dayMs = 86_400_000;
/** With so few records every page is a quick one; beyond so many a page is a deep one. */
export const few = 1000;
const times: ReadonlySet<BackupQuery['sortBy']> = new Set(['createdAt', 'startedAt', 'completedAt']);

/**
 * One page of a list of `total`. Where there are many, ways to less work: what is newest or largest is looked for among the newest or largest (some servers sort
 * everything that the filter leaves, whatever the index could tell), and a deep page is asked for from the nearer end (servers walk through what they skip).
 */
export async function findPage(
  backups: Backups,
  wanted: BackupQuery,
  total: number,
  now: Date,
): Promise<readonly BackupDocument[]> {
  const query = narrowed(wanted);
  const { limit, sortBy, sortOrder, from } = query;
  const skip = query.after === undefined ? (query.page - 1) * limit : 0;
  const page = { skip, limit, sort: listSort(query), without: longFields };
  const filter = pageFilter(query);
  if (skip >= total) return [];
  if (total <= few) return backups.find(filter, page);
  if (skip + limit <= few && sortOrder === 'desc' && times.has(sortBy) && from === undefined) {
    for (const narrow of windows(query, endOf(query, now))) {
      const found = await backups.find(narrow, page);
      if (found.length === limit) return found;
    }
  }
  const some = Math.min(limit, total - skip);
  const behind = total - skip - some;
  const isNear = skip <= behind;
  const order = isNear === (sortOrder === 'asc') ? 'asc' : 'desc';
  const nearer = isNear ? page : { ...page, sort: listSort({ sortBy, sortOrder: order }), skip: behind, limit: some };
  const bySize = { filter, query: { ...query, sortOrder: order }, page: nearer, total, now } as const;
  const found = (sortBy === 'size' ? await pageBySize(backups, bySize) : null) ?? (await backups.find(filter, nearer));
  return isNear ? found : [...found].reverse();
}

/** After a record nothing is newer than that record (or older): what a server needs not look at. */
function narrowed(query: BackupQuery): BackupQuery {
  const { after, sortBy, sortOrder, to } = query;
  if (!(after?.value instanceof Date) || sortBy !== 'createdAt' || sortOrder === 'asc') return query;
  return { ...query, to: to !== undefined && to < after.value ? to : after.value };
}

/** The latest time by the sort's own field that a page can hold. */
function endOf({ after, to }: BackupQuery, now: Date): Date {
  const ends = [now, to, after?.value].filter((end) => end instanceof Date);
  return new Date(Math.min(...ends.map((end) => end.getTime())));
}

/** The same filter, with only what is newest by the sort's own field: first of some days, then of more. */
function windows(query: BackupQuery, end: Date): readonly Filter[] {
  return windowsInDays.filter(Number.isFinite).map((days) => {
    const since = new Date(end.getTime() - days * dayMs);
    if (query.sortBy === 'createdAt') return pageFilter({ ...query, from: since });
    return { ...pageFilter(query), [query.sortBy]: op({ $gte: since }) };
  });
}

/** Of a page that begins after a record: what comes after it. */
function pageFilter(query: BackupQuery): Filter {
  const { after, sortBy, sortOrder } = query;
  const order = { field: sortBy, idField: 'backupId', sortOrder };
  return { ...listFilter(query), ...(after === undefined ? {} : afterFilter(order, after)) };
}

export function listFilter({ status, target, trigger, from, to }: BackupQuery): Filter {
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  return {
    // Without a state: all but the deleted ones, as an equality, so that an index can give the order as well.
    ...(status === undefined ? { listed: true } : { status }),
    ...(target === undefined ? {} : { target }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}

function listSort({ sortBy, sortOrder }: Pick<BackupQuery, 'sortBy' | 'sortOrder'>): Readonly<Record<string, 1 | -1>> {
  const direction = sortOrder === 'asc' ? 1 : -1;
  return { [sortBy]: direction, backupId: direction };
}
