import type { After } from '../contract/pages.js';
import { op, type Filter } from './record-collection.js';

interface Order {
  readonly field: string;
  /** Decides between records of one value. */
  readonly idField: string;
  readonly sortOrder: 'asc' | 'desc';
}

/** What comes after a record in an order, as the server sorts: without a value before all that have one. Goes beside any filter that has no `$or`. */
export function afterFilter({ field, idField, sortOrder }: Order, { value, id }: After): Filter {
  const isAscending = sortOrder === 'asc';
  const beyond = <T>(edge: T) => op(isAscending ? { $gt: edge } : { $lt: edge });
  const equal = { [field]: value, [idField]: beyond(id) };
  if (value === null) return { $or: isAscending ? [{ [field]: op({ $ne: null }) }, equal] : [equal] };
  return { $or: [{ [field]: beyond(value) }, equal, ...(isAscending ? [] : [{ [field]: null }])] };
}
