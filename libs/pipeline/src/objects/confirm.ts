import { AppError, type BackupJson } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import type { CommitJournal } from '../deps.js';
import { readBackupJson } from './backup-json-file.js';
import { fenced } from './begin-attempt.js';
import { backupFolder, backupJsonKey } from './keys.js';

/** What the store says it has must be what was sent. */
export async function confirmObject(
  store: ObjectStore,
  backupId: string,
  object: { readonly key: string; readonly bytes: number },
  signal?: AbortSignal,
): Promise<void> {
  const key = `${backupFolder(backupId)}${object.key}`;
  const head = await store.head(key, signal);
  if (head?.bytes === object.bytes) return;
  throw new AppError({
    code: 'store/failed',
    stage: 'store',
    retry: 'retry',
    message: `${key} should have ${object.bytes} bytes in ${store.location}, but ${head === null ? 'is not there' : `has ${head.bytes}`}`,
    hint: 'The store lost or cut what it had confirmed: run hazina storage check',
  });
}

/** Both objects of a backup as `confirmObject` sees them: null when they stand, else what is wrong. Throws when the store cannot be asked. */
export async function findLoss(store: ObjectStore, backup: BackupJson, signal?: AbortSignal): Promise<AppError | null> {
  try {
    await confirmObject(store, backup.backupId, backup.objects.data, signal);
    await confirmObject(store, backup.backupId, backup.objects.manifest, signal);
    return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/failed') return error;
    throw error;
  }
}

/** A `backup.json` and nothing of what it names: garbage of its shape, or a backup of which nothing is left. */
export async function isBareRecord(store: ObjectStore, backup: BackupJson, signal: AbortSignal): Promise<boolean> {
  for (const { key } of [backup.objects.data, backup.objects.manifest])
    if ((await store.head(`${backupFolder(backup.backupId)}${key}`, signal)) !== null) return false;
  return true;
}

/**
 * Step (3) of the commit (spec/objects.md): a backup whose record is deleted, or without its objects, must not stand: its `backup.json` is removed again. What is
 * `deleting` and whole is its deleter's, who may be refused and then has a backup as before, or looks for a late `backup.json` at its end (decision 0113).
 * Without the run's signal: the commit stands, and this question needs its answer.
 */
export async function stillStands(
  deps: { readonly store: ObjectStore; readonly journal?: CommitJournal | undefined },
  backup: BackupJson,
): Promise<void> {
  const { store, journal } = deps;
  const status = (await journal?.look())?.status;
  if (status === 'deleted') {
    await removeOrHide(store, backupJsonKey(backup.backupId));
    throw fenced(backup.backupId);
  }
  const loss = await findLoss(store, backup);
  if (loss === null || (await isSealedAnew(store, backup))) {
    if (status === 'deleting') throw fenced(backup.backupId);
    return;
  }
  await removeOrHide(store, backupJsonKey(backup.backupId));
  if (status === 'deleting') throw fenced(backup.backupId);
  throw journal === undefined ? loss : conflict(backup.backupId, loss);
}

/** Sealed anew since, and its old folder swept: what stands names another attempt, and is none of this one's business. */
async function isSealedAnew(store: ObjectStore, { backupId, attempt }: BackupJson): Promise<boolean> {
  const standing = await readBackupJson(store, backupId, new AbortController().signal);
  return standing !== null && standing.attempt > attempt;
}

/**
 * Whether a `backup.json` that was put for a record which somebody deletes must be taken back: when it is `deleted`, or when its objects have gone. What is `deleting` and
 * whole is its deleter's (decision 0113).
 */
export async function isLetGo(
  store: ObjectStore,
  status: 'deleting' | 'deleted',
  backup: () => BackupJson,
  signal: AbortSignal,
): Promise<boolean> {
  return status === 'deleted' || (await findLoss(store, backup(), signal)) !== null;
}

/** What was committed cannot stand: an object is gone, or another `backup.json` is there. For people to look at; nothing is dumped again. */
export function conflict(backupId: string, loss: AppError): AppError {
  return new AppError({
    code: 'commit/conflict',
    stage: 'commit',
    message: `${backupId} is recorded as committed, but ${loss.message}`,
    hint: 'No object was removed: find out who can write to the store, then make a new backup',
    cause: loss,
  });
}
