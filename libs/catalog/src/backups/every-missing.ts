import type { BackupRecord } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import type { After } from '../contract/pages.js';

/**
 * All records whose backup is missing, the oldest first. There are few, or something is badly wrong; then it takes as long as it takes. Each page begins after the last
 * record of the one before: those that come back meanwhile leave the list, and by page numbers as many others would be passed over.
 */
export async function everyMissing(
  { backups }: Pick<Catalog, 'backups'>,
  target: string | null,
  pageSize = 500,
): Promise<BackupRecord[]> {
  const found: BackupRecord[] = [];
  for (let after: After | undefined; ;) {
    const { data } = await backups.list({
      ...{ page: 1, limit: pageSize, status: 'missing', sortBy: 'createdAt', sortOrder: 'asc' },
      ...(target === null ? {} : { target }),
      ...(after === undefined ? {} : { after }),
    });
    found.push(...data);
    const last = data.at(-1);
    if (last === undefined || data.length < pageSize) return found;
    after = { value: last.createdAt, id: last.backupId };
  }
}
