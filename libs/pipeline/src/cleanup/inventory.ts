import { AppError, type BackupJson } from '#contracts';
import type { ObjectStore, OpenUpload } from '#storage';
import { readBackupJson } from '../objects/backup-json-file.js';
import { meaningOf } from '../objects/key-pattern.js';

/** What lies in an attempt's folder. */
export interface AttemptInventory {
  /** Names and sizes. */
  readonly objects: Map<string, number>;
  readonly uploads: OpenUpload[];
}

/** What lies in a backup's folder. */
export interface FolderInventory {
  readonly backupId: string;
  hasBackupJson: boolean;
  hasMarks: boolean;
  /** Open uploads of `backup.json` and marks. */
  readonly uploads: OpenUpload[];
  readonly attempts: Map<number, AttemptInventory>;
  /** Its `backup.json`, when there is one; an error when it cannot be read or belongs elsewhere. */
  commit: BackupJson | AppError | null;
}

export interface Inventory {
  readonly folders: ReadonlyMap<string, FolderInventory>;
  readonly foreign: readonly string[];
}

const readsAtOnce = 16;

/** Everything of a store (or of one target), complete or an error: nothing is ever decided on half a listing. */
export async function takeInventory(
  store: ObjectStore,
  target: string | null,
  signal: AbortSignal,
): Promise<Inventory> {
  const folders = new Map<string, FolderInventory>();
  const foreign: string[] = [];
  const prefix = target === null ? '' : `${target}/`;
  const folderOf = (backupId: string): FolderInventory => {
    const known = folders.get(backupId);
    if (known !== undefined) return known;
    const fresh: FolderInventory = {
      backupId,
      hasBackupJson: false,
      hasMarks: false,
      uploads: [],
      attempts: new Map(),
      commit: null,
    };
    folders.set(backupId, fresh);
    return fresh;
  };
  const attemptOf = (backupId: string, attempt: number): AttemptInventory => {
    const { attempts } = folderOf(backupId);
    const known = attempts.get(attempt) ?? { objects: new Map<string, number>(), uploads: [] };
    attempts.set(attempt, known);
    return known;
  };

  for await (const { key, bytes } of store.list(prefix, signal)) {
    const meaning = meaningOf(key);
    if (meaning.kind === 'foreign') foreign.push(key);
    else if (meaning.kind === 'backup-json') folderOf(meaning.backupId).hasBackupJson = true;
    else if (meaning.kind === 'marks') folderOf(meaning.backupId).hasMarks = true;
    else if (meaning.kind === 'attempt') attemptOf(meaning.backupId, meaning.attempt).objects.set(meaning.name, bytes);
  }
  for await (const upload of store.listUploads(prefix, signal)) {
    const meaning = meaningOf(upload.key);
    if (meaning.kind === 'foreign') foreign.push(`${upload.key} (an open upload)`);
    else if (meaning.kind === 'attempt') attemptOf(meaning.backupId, meaning.attempt).uploads.push(upload);
    else if (meaning.kind !== 'own') folderOf(meaning.backupId).uploads.push(upload);
  }
  await readCommits(store, [...folders.values()], signal);
  return { folders, foreign };
}

async function readCommits(
  store: ObjectStore,
  folders: readonly FolderInventory[],
  signal: AbortSignal,
): Promise<void> {
  const committed = folders.filter(({ hasBackupJson }) => hasBackupJson);
  const readOne = async (folder: FolderInventory): Promise<void> => {
    try {
      folder.commit = await readBackupJson(store, folder.backupId, signal);
    } catch (error) {
      // Too large to be one of ours is as unreadable as one that is no JSON.
      if (!(error instanceof AppError) || !/^(backup\/|store\/unsupported)/.test(error.code)) throw error;
      folder.commit = error;
    }
  };
  for (let at = 0; at < committed.length; at += readsAtOnce)
    await Promise.all(committed.slice(at, at + readsAtOnce).map(readOne));
}

/** What a backup lacks of its two objects, by the listing; null: nothing. */
export function lossInListing(backup: BackupJson, folder: FolderInventory): string | null {
  return lossIn(backup, (attempt, name) => folder.attempts.get(attempt)?.objects.get(name));
}

/** The same, by the size that a listing shows of an object; undefined: it shows none. */
export function lossIn(
  backup: BackupJson,
  sizeOf: (attempt: number, name: string) => number | undefined,
): string | null {
  for (const { key, bytes } of [backup.objects.data, backup.objects.manifest]) {
    const [attempt = '', name = ''] = key.split('/');
    const found = sizeOf(Number(attempt), name);
    if (found === undefined) return `${key} is not there`;
    if (found !== bytes) return `${key} has ${found} bytes, not ${bytes}`;
  }
  return null;
}
