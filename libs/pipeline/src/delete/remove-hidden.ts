import { AppError } from '#contracts';
import { isLocked, type ObjectStore } from '#storage';
import { meaningOf } from '../objects/key-pattern.js';
import { backupFolder } from '../objects/keys.js';

/** After a backup's objects: what versions are left of others in its folder, such as a lease that a lock had held. */
export async function removeHiddenOf(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<void> {
  const keys: string[] = [];
  try {
    for await (const { key } of store.listHidden(backupFolder(backupId), signal))
      if (meaningOf(key).kind !== 'foreign') keys.push(key);
  } catch (error) {
    // Not to be seen: the cleanup says so.
    if (!(error instanceof AppError) || error.code !== 'store/refused') throw error;
  }
  for (const key of keys)
    await store.delete(key, signal).catch((error: unknown) => {
      if (!isLocked(error)) throw error;
    });
}
