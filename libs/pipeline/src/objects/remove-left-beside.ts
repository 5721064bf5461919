import type { BackupJson } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import { backupFolder } from './keys.js';

/**
 * Removes what was written beside a backup whose `backup.json` is gone: a sidecar, or marks. Only when both of its objects are definitely gone too: while one
 * stands, the folder may be a backup that lost its commit (`catalog sync --adopt`, the recovery script), which a sidecar may be all that opens and whose pin
 * counts; or a deletion is under way, and what it leaves is an orphan for the sweeper.
 */
export async function removeLeftBeside(
  store: ObjectStore,
  { backupId, objects }: BackupJson,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  for (const object of [objects.data, objects.manifest])
    if ((await store.head(`${backupFolder(backupId)}${object.key}`, signal)) !== null) return;
  await removeOrHide(store, key, signal);
}
