import { throwIfAborted, type BackupRecord } from '#contracts';
import type { BackupQuery } from '../contract/backups.js';
import type { Catalog } from '../contract/catalog.js';
import type { After } from '../contract/pages.js';

export interface EveryRecordQuery extends Pick<BackupQuery, 'status' | 'target' | 'sortOrder'> {
  readonly pageSize?: number;
  /** Ends the walk between two pages. */
  readonly signal?: AbortSignal;
}

/**
 * All records of a list, by the time they were made. It takes as many pages as it takes; each begins after the last record of the one before: those that come or go
 * meanwhile move nothing, and by page numbers as many others would be passed over.
 */
export async function everyRecord(
  { backups }: Pick<Catalog, 'backups'>,
  { status, target, sortOrder, pageSize = 500, signal }: EveryRecordQuery,
): Promise<BackupRecord[]> {
  const found: BackupRecord[] = [];
  for (let after: After | undefined; ;) {
    throwIfAborted(signal, 'catalog');
    const { data } = await backups.list({
      ...{ page: 1, limit: pageSize, sortBy: 'createdAt', sortOrder },
      ...(status === undefined ? {} : { status }),
      ...(target === undefined ? {} : { target }),
      ...(after === undefined ? {} : { after }),
    });
    found.push(...data);
    const last = data.at(-1);
    if (last === undefined || data.length < pageSize) return found;
    after = { value: last.createdAt, id: last.backupId };
  }
}

/** All records whose backup is missing, the oldest first. There are few, or something is badly wrong. */
export function everyMissing(
  catalog: Pick<Catalog, 'backups'>,
  target: string | null,
  pageSize?: number,
): Promise<BackupRecord[]> {
  return everyRecord(catalog, {
    ...{ status: 'missing', sortOrder: 'asc' },
    ...(target === null ? {} : { target }),
    ...(pageSize === undefined ? {} : { pageSize }),
  });
}
