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

/** Reason enough for a sync, which confirms it. */
export interface OutOfStep {
  readonly backupId: string;
  /**
   * It stands in the primary store without a record; by its record it stands there and does not, or does not and does; or a later attempt stands there than the one
   * that its record names (it was sealed anew, or that was broken off).
   */
  readonly what: 'unrecorded' | 'missing' | 'returned' | 'later-attempt';
}

/** Where records and primary store differ, by one listing. `onForeign` is told of each key that is none of Hazina's. */
export async function* findOutOfStep(
  deps: Pick<UnrecordedDeps, 'store' | 'catalog'>,
  signal: AbortSignal,
  onForeign: (key: string) => void = () => undefined,
): AsyncGenerator<OutOfStep, void, undefined> {
  for await (const pair of pairsOf(deps, null, signal, onForeign)) {
    const { backupId } = pair;
    if (await isUnrecorded(deps.catalog, pair)) yield { backupId, what: 'unrecorded' };
    else if (await isMissing(deps, pair, signal)) yield { backupId, what: 'missing' };
    else if (await isReturned(deps.catalog, pair)) yield { backupId, what: 'returned' };
    else if (await hasLaterAttempt(deps.catalog, pair)) yield { backupId, what: 'later-attempt' };
  }
}

function pairsOf(
  { store, catalog }: Pick<UnrecordedDeps, 'store' | 'catalog'>,
  target: string | null,
  signal: AbortSignal,
  onForeign: (key: string) => void = () => undefined,
): AsyncGenerator<Pair, void, undefined> {
  return joinRecords(walkFolders(store, target, onForeign, signal), walkRecords(catalog, target));
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

async function isReturned(catalog: UnrecordedDeps['catalog'], { backupId, folder, record }: Pair): Promise<boolean> {
  if (folder?.hasBackupJson !== true || record?.status !== 'missing') return false;
  return (await catalog.find(backupId))?.status === 'missing';
}

/** Who seals it anew by the catalogue notes the attempt with the commit; until then nobody who begins now needs to know. */
async function hasLaterAttempt(
  catalog: UnrecordedDeps['catalog'],
  { backupId, folder, record }: Pair,
): Promise<boolean> {
  const latest = Math.max(0, ...(folder?.attempts.keys() ?? []));
  const isEarlier = (seen: SyncRecord | null) => isHome(seen) && latest > (seen?.committed ?? Infinity);
  return isEarlier(record) && isEarlier(await catalog.find(backupId));
}

/** By its record it stands in the primary store. */
export function isHome(record: SyncRecord | null): boolean {
  return record?.status === 'completed' && record.place === null && !record.commitDue;
}
