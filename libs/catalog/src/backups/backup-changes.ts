import { watchedFields, type ChangeRepository, type WatchedBackup } from '../contract/changes.js';
import { never, type BackupDocument } from '../schemas/backup.schema.js';
import { op, type Filter, type FindOptions } from '../store/record-collection.js';
import type { Backups } from './backup-record.js';

const only = [...watchedFields, 'changedAt'];
const sort = { changedAt: 1, backupId: 1 } as const;

export function changeRepository(backups: Backups, now: () => Promise<Date>): ChangeRepository {
  const find = async (filter: Filter, options: FindOptions = {}): Promise<readonly WatchedBackup[]> =>
    (await backups.find(filter, { ...options, only, sort })).map(toWatched);
  return {
    now,
    since: (time, page) => find({ changedAt: op({ $gt: time }) }, page),
    open: () => find({ status: op({ $in: ['pending', 'in_progress', 'deleting'] }) }),
    of: async (backupIds) => (backupIds.length === 0 ? [] : find({ backupId: op({ $in: [...backupIds] }) })),
  };
}

function toWatched(document: BackupDocument): WatchedBackup {
  const stored: BackupDocument & { readonly _id?: unknown } = document;
  const { _id, ...watched } = stored;
  // What was last written by a version without these times has none.
  const { changedAt = never } = stored as Partial<BackupDocument>;
  return { ...watched, changedAt };
}
