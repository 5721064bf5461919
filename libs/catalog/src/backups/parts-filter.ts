import { op, type Filter } from '../store/record-collection.js';

/** What `isPart` says of a record, for a query: a part that was made by hand. With what another one holds: a part that holds something else (`isPartBeside`). */
export function parts(beside: string | null = null): readonly Filter[] {
  const more = beside === null ? {} : { $ne: beside };
  const known = beside === null ? [null, '*'] : [null, '*', beside];
  return [
    { trigger: 'cli', part: op({ $type: 'string', ...more }) },
    { trigger: 'cli', part: null, database: op({ $nin: known }) },
  ];
}

/** The filter, without what is like one of these. */
export function leavingOut(unwanted: readonly Filter[], filter: Filter): Filter {
  if (unwanted.length === 0) return filter;
  const others = (filter['$nor'] ?? []) as readonly Filter[];
  return { ...filter, $nor: [...others, ...unwanted] };
}
