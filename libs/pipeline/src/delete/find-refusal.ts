import { AppError, isPartBeside, seriesFactsOf, type BackupJson, type Clock } from '#contracts';
import { describeLock, findLock, type ObjectStore } from '#storage';
import type { DeletionView } from '../deps.js';
import { listBackups } from '../list-backups.js';
import { readBackupJson } from '../objects/backup-json-file.js';
import { findLoss } from '../objects/confirm.js';
import { backupFolder, backupJsonKey } from '../objects/keys.js';
import { readPin } from '../objects/marks-file.js';

export interface Refusal {
  readonly reason: 'not-deleting' | 'unreadable' | 'in-use' | 'pinned' | 'locked' | 'last-good';
  /** Completes the sentence "it was not deleted: …". */
  readonly message: string;
}

interface Context {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/**
 * What stands against the removal of a backup (spec/objects.md, "Deletion"); null: nothing. Without `backup.json` (null) it is no good backup any more, or its
 * removal was begun: then only a use and a pin count.
 */
export async function findRefusal(
  { store, clock }: Context,
  { backupId, backup }: { readonly backupId: string; readonly backup: BackupJson | null },
  record: DeletionView | null,
  force: boolean,
  signal: AbortSignal,
): Promise<Refusal | null> {
  const usedBy = record?.usedBy ?? null;
  if (usedBy !== null) return { reason: 'in-use', message: `it is in use: ${usedBy}` };
  const pinned = { recorded: record?.pinned ?? false, initial: backup?.pinned ?? false };
  const pin = await findPin(store, backupId, pinned, signal);
  if (pin !== null) return { reason: 'pinned', message: pin };
  if (backup === null) return null;
  const lockedUntil = await lockOf(store, backup, clock.now(), signal);
  if (lockedUntil !== null) return { reason: 'locked', message: describeLock(lockedUntil) };
  // What was found damaged, or has lost an object, is no good backup, so not the last one either.
  if (force || record?.foundBad === true || (await findLoss(store, backup, signal)) !== null) return null;
  if (await hasOtherGood(store, backup, record, signal)) return null;
  return { reason: 'last-good', message: `it is the last good backup of target ${backup.target}` };
}

/** Pinned in the record or in the marks is pinned; marks that cannot be read count as pinned. Without marks `backup.json` has the initial value. */
async function findPin(
  store: ObjectStore,
  backupId: string,
  { recorded, initial }: { readonly recorded: boolean; readonly initial: boolean },
  signal: AbortSignal,
): Promise<string | null> {
  const { pinned, damage } = await readPin(store, backupId, initial, signal);
  if (damage !== null) return 'its marks cannot be read, and may say that it is pinned';
  return recorded || pinned ? 'it is pinned' : null;
}

/** The latest time that the store locks one of a backup's objects until; null: none is locked now. */
export function lockOf(store: ObjectStore, backup: BackupJson, now: Date, signal: AbortSignal): Promise<Date | null> {
  const folder = backupFolder(backup.backupId);
  const { data, manifest } = backup.objects;
  return findLock(
    store,
    [`${folder}${data.key}`, `${folder}${manifest.key}`, backupJsonKey(backup.backupId)],
    now,
    signal,
  );
}

/** Another good backup of the target: completed and not found bad in the catalogue, and in any case standing in the store with its objects. */
async function hasOtherGood(
  store: ObjectStore,
  backup: BackupJson,
  record: DeletionView | null,
  signal: AbortSignal,
): Promise<boolean> {
  if (record === null) {
    const { backups } = await listBackups(store, backup.target, signal);
    const facts = seriesFactsOf(backup);
    const others = backups.filter(
      (other) => other.backupId !== backup.backupId && !isPartBeside(seriesFactsOf(other), facts),
    );
    for (const other of others) if ((await findLoss(store, other, signal)) === null) return true;
    return false;
  }
  for (const backupId of record.otherGood) {
    const other = await readIfReadable(store, backupId, signal);
    if (other !== null && backupId !== backup.backupId && (await findLoss(store, other, signal)) === null) return true;
  }
  return false;
}

async function readIfReadable(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<BackupJson | null> {
  try {
    return await readBackupJson(store, backupId, signal);
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('backup/')) return null;
    throw error;
  }
}
