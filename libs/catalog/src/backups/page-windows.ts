import type { BackupQuery } from '../contract/backups.js';
import type { BackupDocument } from '../schemas/backup.schema.js';
import { windowsInDays } from './newest.js';

const dayMs = 86_400_000;
/** Lists whose density is known at most; each a few bytes. */
const mostLists = 1_000;
/** A window holds so many times what is looked for, by what the list held last. */
const margin = 1.5;

type TimeSort = 'createdAt' | 'startedAt' | 'completedAt';

/**
 * How far back the newest of a list have to be looked for: as far as the last page of the same list reached, by how many records it needed; then, and while
 * nothing is known, in windows that grow. A server that sorts all that a filter leaves sorts little then.
 */
export class PageWindows {
  /** Milliseconds to a record, by list. */
  readonly #perRecord = new Map<string, number>();

  /** Lengths in milliseconds, each longer than the one before. */
  of(query: BackupQuery, records: number): readonly number[] {
    const usual = windowsInDays.map((days) => days * dayMs);
    const known = this.#perRecord.get(listOf(query));
    if (known === undefined) return usual;
    const first = Math.max(60_000, known * records * margin);
    return [first, ...usual.filter((window) => window > first * 2)];
  }

  /** What a full page of so many records and those before it told. */
  learn(query: BackupQuery, end: Date, records: number, last: BackupDocument | undefined): void {
    const at = last?.[query.sortBy as TimeSort];
    if (!(at instanceof Date)) return;
    const list = listOf(query);
    this.#perRecord.delete(list);
    this.#perRecord.set(list, Math.max(0, end.getTime() - at.getTime()) / records);
    const [oldest] = this.#perRecord.keys();
    if (this.#perRecord.size > mostLists && oldest !== undefined) this.#perRecord.delete(oldest);
  }
}

/** Wherever a page begins, and whatever bounds the list has: how close together its records lie is a matter of what they are. */
function listOf({ status, target, trigger, sortBy }: BackupQuery): string {
  return JSON.stringify([status, target, trigger, sortBy]);
}
