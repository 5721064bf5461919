import type { BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter, type FindOptions } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';

const dayMs = 86_400_000;
/** Looked through one after the other until enough is found; then everything. */
export const windowsInDays: readonly number[] = [2, 12, 60, 1000];

/**
 * The newest records by a time, newest first. In windows that grow: some servers sort everything that the filter leaves, whatever the index could
 * tell, and what is asked for is nearly always recent.
 */
export async function newest(
  backups: Backups,
  by: 'startedAt' | 'completedAt',
  filter: Filter,
  now: Date,
  options: Pick<FindOptions, 'only' | 'without'> & { readonly limit: number },
): Promise<readonly BackupDocument[]> {
  let found: readonly BackupDocument[] = [];
  for (const days of [...windowsInDays, Number.POSITIVE_INFINITY]) {
    const since = new Date(Math.max(0, now.getTime() - days * dayMs));
    found = await backups.find(
      { ...filter, [by]: op({ $gt: since }) },
      { ...options, sort: { [by]: -1, backupId: -1 } },
    );
    if (found.length >= options.limit) break;
  }
  return found;
}
