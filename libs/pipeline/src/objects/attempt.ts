import type { ObjectStore } from '#storage';
import { attemptFolder } from './keys.js';

/** Removes whatever an unfinished attempt put into its folder. Never after its commit may stand. */
export async function removeAttempt(store: ObjectStore, backupId: string, attempt: number): Promise<void> {
  const folder = attemptFolder(backupId, attempt);
  const keys: string[] = [];
  for await (const entry of store.list(folder)) keys.push(entry.key);
  for (const key of keys) await store.delete(key);
  for await (const upload of store.listUploads(folder)) await store.abortUpload(upload);
}
