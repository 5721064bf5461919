import { isPart, type BackupRecord } from '#contracts';
import type { Catalog } from '../contract/catalog.js';

/** The newest backup of a target that can be restored, as far as anybody knows: what was written after it was begun is lost with the server. */
export async function recoveryPointOf({ backups }: Catalog, target: string): Promise<BackupRecord | null> {
  // No id is empty: of all good ones the newest.
  const [newest] = await backups.otherGood({ backupId: '', target }, 1);
  const record = newest === undefined ? null : await backups.find(newest);
  if (record === null || !isPart(record)) return record;
  const [ofAll] = await backups.otherGood(await wholeOf({ backups }, target), 1);
  return ofAll === undefined ? record : backups.find(ofAll);
}

/** Ids of the good backups of a target, newest first: of all that it is, and parts that were made by hand only where there is nothing else. */
export async function wholeGoodOnes(catalog: Pick<Catalog, 'backups'>, target: string): Promise<readonly string[]> {
  return catalog.backups.otherGood(await wholeOf(catalog, target));
}

/** What asks for those that hold as much as the newest good one that is no part; where every one is a part, for all. */
async function wholeOf({ backups }: Pick<Catalog, 'backups'>, target: string) {
  // Beside this every part is one.
  const [wholeId] = await backups.otherGood({ backupId: '', target, database: '*', part: null }, 1);
  const { database = null, part = null } = (wholeId === undefined ? null : await backups.find(wholeId)) ?? {};
  return { backupId: '', target, database, part };
}
