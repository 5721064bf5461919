import type { BackupQuery } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { afterFilter } from '../store/after-filter.js';
import { op, type Filter, type FindOptions } from '../store/record-collection.js';
import { longFields, type Backups } from './backup-record.js';
import { pageBySize } from './by-size.js';
import { listFilter } from './list-filter.js';
import type { PageWindows } from './page-windows.js';

/** Beyond so many records a page is a deep one. */
export const few = 1000;
/** So many are sorted as quickly as some of them are looked for. */
const small = 100;
/** A page in the first third of a list is looked for among the newest. */
const nearShare = 1 / 3;
const times: ReadonlySet<BackupQuery['sortBy']> = new Set(['createdAt', 'startedAt', 'completedAt']);

type Page = Required<Pick<FindOptions, 'skip' | 'limit' | 'sort' | 'without'>>;

export interface PageContext {
  /** Records of the whole list. */
  readonly total: number;
  readonly now: Date;
  readonly windows: PageWindows;
}

/**
 * One page of a list. Where there are many records, ways to less work: what is newest or largest is looked for among the newest or largest (some servers sort
 * everything that the filter leaves, whatever the index could tell), and a deep page is asked for from the nearer end (servers walk through what they skip).
 */
export async function findPage(
  backups: Backups,
  wanted: BackupQuery,
  context: PageContext,
): Promise<readonly BackupDocument[]> {
  const { total, now } = context;
  const query = narrowed(wanted);
  const { limit, sortBy, sortOrder } = query;
  const skip = query.after === undefined ? (query.page - 1) * limit : 0;
  const page = { skip, limit, sort: listSort(query), without: [...longFields, 'commit.bytes'] };
  const filter = pageFilter(query, now);
  if (skip >= total) return [];
  const newest = await amongTheNewest(backups, query, page, context);
  if (newest !== null) return newest;
  if (total <= few) return backups.find(filter, page);
  const some = Math.min(limit, total - skip);
  const behind = total - skip - some;
  const isNear = skip <= behind;
  const order = isNear === (sortOrder === 'asc') ? 'asc' : 'desc';
  const nearer = isNear ? page : { ...page, sort: listSort({ sortBy, sortOrder: order }), skip: behind, limit: some };
  const bySize = { filter, query: { ...query, sortOrder: order }, page: nearer, total, now } as const;
  const found = (sortBy === 'size' ? await pageBySize(backups, bySize) : null) ?? (await backups.find(filter, nearer));
  return isNear ? found : [...found].reverse();
}

/** The page by the sort's own time, in windows that end now, or where the list ends. Null: it is not one of the newest, or does not fill the page. */
async function amongTheNewest(
  backups: Backups,
  query: BackupQuery,
  page: Page,
  { total, now, windows }: PageContext,
): Promise<readonly BackupDocument[] | null> {
  const records = page.skip + page.limit;
  if (query.sortOrder !== 'desc' || !times.has(query.sortBy)) return null;
  if (total <= small || records > few || records > total * nearShare) return null;
  // Behind those without a time come others without one.
  if (query.after?.value === null) return null;
  const end = endOf(query, now);
  for (const length of windows.of(query, records)) {
    const since = new Date(end.getTime() - length);
    if (query.from !== undefined && since <= query.from) break;
    const found = await backups.find(windowFilter(query, since, now), page);
    if (found.length < page.limit) continue;
    windows.learn(query, end, records, found.at(-1));
    return found;
  }
  return null;
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

/** The same filter, with only what is newest by the sort's own field. */
function windowFilter(query: BackupQuery, since: Date, now: Date): Filter {
  if (query.sortBy === 'createdAt') return pageFilter({ ...query, from: since }, now);
  return { ...pageFilter(query, now), [query.sortBy]: op({ $gte: since }) };
}

/** Of a page that begins after a record: what comes after it. */
function pageFilter(query: BackupQuery, now: Date): Filter {
  const { after, sortBy, sortOrder } = query;
  const order = { field: sortBy, idField: 'backupId', sortOrder };
  return { ...listFilter(query, now), ...(after === undefined ? {} : afterFilter(order, after)) };
}

function listSort({ sortBy, sortOrder }: Pick<BackupQuery, 'sortBy' | 'sortOrder'>): Readonly<Record<string, 1 | -1>> {
  const direction = sortOrder === 'asc' ? 1 : -1;
  return { [sortBy]: direction, backupId: direction };
}
