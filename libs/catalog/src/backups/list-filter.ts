import type { BackupQuery } from '../contract/backups.js';
import { op, type Filter } from '../store/record-collection.js';

type ListFilters = Pick<BackupQuery, 'status' | 'target' | 'trigger' | 'from' | 'to'>;

const dayMs = 86_400_000;
const recentDays = 180;

/**
 * The filter of a list. Of what was made lately one equality and the time leave so few that an index on the others only costs: FerretDB reads all of
 * their entries to intersect them (every record that was not deleted, for a page of twenty). They are written as their own double negation there, which means
 * the same and which no index answers.
 */
export function listFilter(query: ListFilters, now: Date): Filter {
  const { status, target, trigger, from, to } = query;
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  const equalities: readonly (readonly [field: string, value: unknown])[] = [
    // In the order of how few records they leave.
    ...(target === undefined ? [] : [['target', target] as const]),
    ...(trigger === undefined ? [] : [['trigger', trigger] as const]),
    // Without a state: all but the deleted ones, as an equality, so that an index can give the order as well.
    status === undefined ? (['listed', true] as const) : (['status', status] as const),
  ];
  const isRecent = from !== undefined && now.getTime() - from.getTime() < recentDays * dayMs;
  const asIndexed = isRecent ? equalities.slice(0, 1) : equalities;
  const asTold = equalities.slice(asIndexed.length);
  return {
    ...(Object.fromEntries(asIndexed) as Filter),
    ...(asTold.length === 0 ? {} : { $nor: asTold.map(([field, value]) => ({ [field]: op({ $ne: value }) })) }),
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}
