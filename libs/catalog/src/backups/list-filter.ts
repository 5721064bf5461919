import type { BackupState } from '#contracts';
import type { BackupQuery } from '../contract/backups.js';
import { op, type Filter } from '../store/record-collection.js';

type Equality = readonly [field: string, value: unknown];

/**
 * Equalities of which an index answers the first alone: the others are written as their own double negation, which means the same. For where the first and a time leave
 * few records: an index on the others only costs (FerretDB reads all of their entries to intersect them).
 */
export function oneIndexed([first, ...others]: readonly [Equality, ...Equality[]]): Filter {
  const told = others.length === 0 ? {} : { $nor: others.map(([field, value]) => ({ [field]: op({ $ne: value }) })) };
  return { [first[0]]: first[1], ...told };
}

/** One of these states, in the same way: beside a target and a time. */
export function statusAmong(...states: readonly BackupState[]): Filter {
  return { $nor: [{ status: op({ $nin: states }) }] };
}

type ListFilters = Pick<BackupQuery, 'status' | 'target' | 'trigger' | 'from' | 'to'>;

const dayMs = 86_400_000;
const recentDays = 180;

/** The filter of a list. Of what was made lately one equality and the time leave so few that an index on the others only costs (`oneIndexed`): every record that was not deleted, for a page of twenty. */
export function listFilter(query: ListFilters, now: Date): Filter {
  const { status, target, trigger, from, to } = query;
  const range = { ...(from === undefined ? {} : { $gte: from }), ...(to === undefined ? {} : { $lte: to }) };
  // Without a state: all but the deleted ones, as an equality, so that an index can give the order as well.
  const ofState: Equality = status === undefined ? ['listed', true] : ['status', status];
  // In the order of how few records they leave.
  const [first = ofState, ...others]: Equality[] = [
    ...(target === undefined ? [] : [['target', target] as const]),
    ...(trigger === undefined ? [] : [['trigger', trigger] as const]),
    ofState,
  ];
  const isRecent = from !== undefined && now.getTime() - from.getTime() < recentDays * dayMs;
  const equal = isRecent ? oneIndexed([first, ...others]) : (Object.fromEntries([first, ...others]) as Filter);
  return {
    ...equal,
    ...(from === undefined && to === undefined ? {} : { createdAt: op(range) }),
  };
}
