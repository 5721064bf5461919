import type { CopyRecord } from '#contracts';
import { backupFolder } from '#pipeline';
import { findLock } from '#storage';
import type { Destination } from './destination-types.js';

/** The latest time that the destination locks an object of a copy until, `backup.json` and earlier attempts included; null: none is locked (any more). */
export async function lockOfCopy(
  { store }: Pick<Destination, 'store'>,
  { backupId }: Pick<CopyRecord, 'backupId'>,
  now: Date,
  signal: AbortSignal,
): Promise<Date | null> {
  const keys: string[] = [];
  for await (const { key } of store.list(backupFolder(backupId), signal)) keys.push(key);
  return findLock(store, keys, now, signal);
}
