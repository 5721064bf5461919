import type { BackupQuery } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter, type FindOptions } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';

/** The newest of a list: where their sizes lie, those of the others nearly always lie too. */
const sampled = 500;
const dayMs = 86_400_000;
/** Beyond this share of a list a page is not near to its end. */
const near = 0.2;

export interface SizePage {
  readonly filter: Filter;
  readonly query: Pick<BackupQuery, 'sortOrder' | 'from' | 'to'>;
  readonly page: Required<Pick<FindOptions, 'skip' | 'limit' | 'sort' | 'without'>>;
  readonly total: number;
  readonly now: Date;
}

/**
 * A page near to the beginning of a list that is sorted by size, looked for among the largest (or smallest) alone: by bounds that a sample of the list tells. Some servers
 * sort everything that the filter leaves, whatever the index could tell. Null: not found in this way; what is found is exactly the page.
 */
export async function pageBySize(backups: Backups, wanted: SizePage): Promise<readonly BackupDocument[] | null> {
  const { filter, page, total, query } = wanted;
  const end = page.skip + page.limit;
  if (end > total * near) return null;
  if (query.sortOrder === 'desc') return among(backups, wanted, page.skip);
  // Those without a size (they failed, or run) are the smallest.
  const without = await backups.count({ ...filter, size: null });
  if (end <= without) return backups.find({ ...filter, size: null }, page);
  return page.skip < without ? null : among(backups, wanted, page.skip - without);
}

/** By bounds that leave more and more, until the whole page lies within one. */
async function among(backups: Backups, wanted: SizePage, skip: number): Promise<readonly BackupDocument[] | null> {
  const { filter, page, total } = wanted;
  const isFull = (found: readonly BackupDocument[]): boolean => found.length === page.limit;
  for (const bound of await bounds(backups, wanted, (skip + page.limit) / total)) {
    const found = await backups.find({ ...filter, size: op(bound) }, { ...page, skip });
    if (isFull(found)) return found;
  }
  return null;
}

/** Twice the share that is asked for, as far as the sample goes, then eight times. */
async function bounds(backups: Backups, { filter, query, now }: SizePage, share: number): Promise<readonly object[]> {
  const sizes = (await newestSizes(backups, filter, query, now)).sort((a, b) => a - b);
  const isDescending = query.sortOrder === 'desc';
  if (isDescending) sizes.reverse();
  const steps = [2, 8].map((times) => Math.ceil(share * times * sizes.length));
  return steps.flatMap((index) => {
    const bound = sizes[index];
    if (bound === undefined) return [];
    return [isDescending ? { $gte: bound } : { $lte: bound }];
  });
}

async function newestSizes(
  backups: Backups,
  filter: Filter,
  { from, to }: SizePage['query'],
  now: Date,
): Promise<number[]> {
  const end = to !== undefined && to < now ? to : now;
  const since = new Date(end.getTime() - 60 * dayMs);
  const lately = { $gte: from !== undefined && from > since ? from : since, $lte: end };
  const sample = await backups.find(
    { ...filter, createdAt: op(lately) },
    { limit: sampled, only: ['size'], sort: { createdAt: -1 } },
  );
  return sample.flatMap(({ size }) => (size === null ? [] : [size]));
}
