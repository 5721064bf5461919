import { findLock, type ObjectStore } from '#storage';
import { backupFolder } from '../objects/keys.js';

/** The latest time that a destination locks an object of a copy until, `backup.json` and earlier attempts included; null: none is locked (any more). */
export async function lockOfCopy(
  store: ObjectStore,
  backupId: string,
  now: Date,
  signal: AbortSignal,
): Promise<Date | null> {
  const keys: string[] = [];
  for await (const { key } of store.list(backupFolder(backupId), signal)) keys.push(key);
  return findLock(store, keys, now, signal);
}
