import type { ObjectStore } from '#storage';
import { backupJsonKey } from '../objects/keys.js';
import { joinRecords, walkRecords } from './join-records.js';
import type { SyncCatalog } from './sync-types.js';
import { walkFolders } from './walk-folders.js';

export interface UnrecordedDeps {
  /** A destination: a sync makes no records of what stands there alone. */
  readonly store: ObjectStore;
  readonly catalog: Pick<SyncCatalog, 'targets' | 'page' | 'find'>;
  /** In a dry run: what stands there would have got its record by now. Null: everything has. */
  readonly primary: ObjectStore | null;
}

/** Backups that stand in a destination and of which there is no record at all, deleted ones included. Memory does not grow with the store. */
export async function* findUnrecorded(
  { store, catalog, primary }: UnrecordedDeps,
  target: string | null,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const folders = walkFolders(store, target, () => undefined, signal);
  for await (const { backupId, folder, record } of joinRecords(folders, walkRecords(catalog, target))) {
    if (folder?.hasBackupJson !== true || record !== null) continue;
    // Both were read a page at a time: beside live workers the record may have been made since.
    if ((await catalog.find(backupId)) !== null) continue;
    if (primary !== null && (await primary.head(backupJsonKey(backupId), signal)) !== null) continue;
    yield backupId;
  }
}
