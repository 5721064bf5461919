import type { AppError } from '#contracts';
import { isLocked, type ObjectStore } from '#storage';
import { attemptFolder, backupFolder } from './keys.js';

/**
 * Removes whatever an unfinished attempt put into its folder. Never after its commit may stand. What a lock holds stays, and is the error at the end
 * (`store/locked`): it is for the sweeper, when the date has passed.
 */
export async function removeAttempt(store: ObjectStore, backupId: string, attempt: number): Promise<void> {
  const folder = attemptFolder(backupId, attempt);
  // Uploads first: one that completes in between would leave an object behind that the listing had not shown.
  for await (const upload of store.listUploads(folder)) await store.abortUpload(upload);
  const keys: string[] = [];
  for await (const entry of store.list(folder)) keys.push(entry.key);
  const held: AppError[] = [];
  for (const key of keys) {
    try {
      await store.delete(key);
    } catch (error) {
      if (!isLocked(error)) throw error;
      held.push(error);
    }
  }
  const [first] = held;
  if (first !== undefined) throw first;
}

/** The same; what a lock holds is left to the sweeper, for when its date has passed: the next attempt has a folder of its own. */
export async function removeUnlessLocked(store: ObjectStore, backupId: string, attempt: number): Promise<void> {
  try {
    await removeAttempt(store, backupId, attempt);
  } catch (error) {
    if (!isLocked(error)) throw error;
  }
}

/** The numbers of all attempts that left something (objects or open uploads) in a backup's folder, ascending. */
export async function findAttempts(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<number[]> {
  const folder = backupFolder(backupId);
  const found = new Set<number>();
  const note = (key: string) => {
    const attempt = /^([1-9][0-9]{0,9})\//.exec(key.slice(folder.length))?.[1];
    if (attempt !== undefined) found.add(Number(attempt));
  };
  for await (const { key } of store.list(folder, signal)) note(key);
  for await (const { key } of store.listUploads(folder, signal)) note(key);
  return [...found].sort((a, b) => a - b);
}
