import type { ObjectStore } from '#storage';
import { backupJsonKey } from '../objects/keys.js';
import { joinRecords, walkRecords } from './join-records.js';
import type { SyncCatalog } from './sync-types.js';
import { walkFolders } from './walk-folders.js';

export interface UnrecordedDeps {
  /** A destination, of which a sync makes no records; or the primary store. */
  readonly store: ObjectStore;
  readonly catalog: Pick<SyncCatalog, 'targets' | 'page' | 'find'>;
  /** In a dry run: what stands there would have got its record by now. Null: everything has, or `store` is the primary one. */
  readonly primary: ObjectStore | null;
  /** Known without a record of the backup: a destination keeps copies longer than the catalogue keeps records of deleted backups. */
  readonly isKnown?: (backupId: string) => Promise<boolean>;
  /** Told of each folder: the listing goes on. */
  readonly onFolder?: () => void;
}

/** Backups that stand in a store and of which there is no record at all, deleted ones included. Memory does not grow with the store. */
export async function* findUnrecorded(
  { store, catalog, primary, isKnown, onFolder }: UnrecordedDeps,
  target: string | null,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const folders = walkFolders(store, target, () => undefined, signal);
  for await (const { backupId, folder, record } of joinRecords(folders, walkRecords(catalog, target))) {
    onFolder?.();
    if (folder?.hasBackupJson !== true || record !== null) continue;
    // Both were read a page at a time: beside live workers the record may have been made since.
    if ((await catalog.find(backupId)) !== null || (await isKnown?.(backupId)) === true) continue;
    if (primary !== null && (await primary.head(backupJsonKey(backupId), signal)) !== null) continue;
    yield backupId;
  }
}
