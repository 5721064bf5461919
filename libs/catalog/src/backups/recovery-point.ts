import { contentOf, isPart, type BackupRecord } from '#contracts';
import type { Catalog } from '../contract/catalog.js';

/** The newest backup of a target that can be restored, as far as anybody knows: what was written after it was begun is lost with the server. */
export async function recoveryPointOf({ backups }: Catalog, target: string): Promise<BackupRecord | null> {
  // No id is empty: of all good ones the newest.
  const [newest] = await backups.otherGood({ backupId: '', target }, 1);
  const record = newest === undefined ? null : await backups.find(newest);
  if (record === null || !isPart(record)) return record;
  const [otherId] = await backups.otherGood({ backupId: '', target, ...everything }, 1);
  const whole = otherId === undefined ? null : await backups.find(otherId);
  return whole === null || contentOf(whole) === contentOf(record) ? record : whole;
}

/** Ids of the good backups of a target, newest first: of all that it is, and parts that were made by hand only where there is nothing else. */
export async function wholeGoodOnes({ backups }: Pick<Catalog, 'backups'>, target: string): Promise<readonly string[]> {
  const whole = await backups.otherGood({ backupId: '', target, ...everything });
  return whole.length > 0 ? whole : backups.otherGood({ backupId: '', target });
}

/** Beside this every part is one. */
const everything = { database: '*', part: null } as const;
