import type { ObjectStore } from '#storage';
import { backupJsonKey } from '../objects/keys.js';
import { joinRecords, walkRecords, type Pair } from './join-records.js';
import type { SyncCatalog, SyncRecord } from './sync-types.js';
import { walkFolders } from './walk-folders.js';

export interface UnrecordedDeps {
  /** A destination, or the primary store. */
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
  for await (const pair of pairsOf({ store, catalog }, target, signal)) {
    onFolder?.();
    const { backupId } = pair;
    if (!(await isUnrecorded(catalog, pair)) || (await isKnown?.(backupId)) === true) continue;
    if (primary !== null && (await primary.head(backupJsonKey(backupId), signal)) !== null) continue;
    yield backupId;
  }
}

/** One that stands in the primary store without a record, or by its record stands there and does not: reason enough for a sync, which confirms it. */
export interface OutOfStep {
  readonly backupId: string;
  readonly what: 'unrecorded' | 'missing';
}

/** Where records and primary store differ, by one listing. */
export async function* findOutOfStep(
  deps: Pick<UnrecordedDeps, 'store' | 'catalog'>,
  signal: AbortSignal,
): AsyncGenerator<OutOfStep, void, undefined> {
  for await (const pair of pairsOf(deps, null, signal)) {
    const { backupId } = pair;
    if (await isUnrecorded(deps.catalog, pair)) yield { backupId, what: 'unrecorded' };
    else if (await isMissing(deps, pair, signal)) yield { backupId, what: 'missing' };
  }
}

function pairsOf(
  { store, catalog }: Pick<UnrecordedDeps, 'store' | 'catalog'>,
  target: string | null,
  signal: AbortSignal,
): AsyncGenerator<Pair, void, undefined> {
  return joinRecords(
    walkFolders(store, target, () => undefined, signal),
    walkRecords(catalog, target),
  );
}

/** Both were read a page at a time: beside live workers the record may have been made since. */
async function isUnrecorded(catalog: UnrecordedDeps['catalog'], { backupId, folder, record }: Pair): Promise<boolean> {
  return folder?.hasBackupJson === true && record === null && (await catalog.find(backupId)) === null;
}

/** Likewise it may have been completed since its folder would have been listed. */
async function isMissing(
  { store, catalog }: Pick<UnrecordedDeps, 'store' | 'catalog'>,
  { backupId, folder, record }: Pair,
  signal: AbortSignal,
): Promise<boolean> {
  if (folder?.hasBackupJson === true || !isHome(record)) return false;
  return isHome(await catalog.find(backupId)) && (await store.head(backupJsonKey(backupId), signal)) === null;
}

/** By its record it stands in the primary store. */
export function isHome(record: SyncRecord | null): boolean {
  return record?.status === 'completed' && record.place === null && !record.commitDue;
}
