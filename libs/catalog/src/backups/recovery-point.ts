import type { BackupRecord } from '#contracts';
import type { Catalog } from '../contract/catalog.js';

/** The newest backup of a target that can be restored, as far as anybody knows: what was written after it was begun is lost with the server. */
export async function recoveryPointOf({ backups }: Catalog, target: string): Promise<BackupRecord | null> {
  // No id is empty: of all good ones the newest.
  const [newest] = await backups.otherGood({ backupId: '', target }, 1);
  return newest === undefined ? null : backups.find(newest);
}
