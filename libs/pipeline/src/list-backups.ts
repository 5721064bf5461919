import { AppError, isBackupId, isTargetName, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { readBackupJson } from './objects/backup-json-file.js';

export interface BackupList {
  /** Newest first. */
  readonly backups: readonly BackupJson[];
  /** `backup.json` files that cannot be read or belong elsewhere. */
  readonly damaged: readonly { readonly backupId: string; readonly error: AppError }[];
  /** Folders without `backup.json`: running, or never finished. */
  readonly unfinished: readonly string[];
}

const readsAtOnce = 16;

/** Every backup of the store (of one target, when given; `newest`: so many by their ids), from the bucket alone. Names that match no pattern are foreign and left alone. */
export async function listBackups(
  store: ObjectStore,
  target: string | undefined,
  signal: AbortSignal,
  newest = Infinity,
): Promise<BackupList> {
  const all: string[] = [];
  const targets = target === undefined ? await collect(store.listFolders('', signal)) : [target];
  for (const name of targets.filter(isTargetName)) {
    const folders = await collect(store.listFolders(`${name}/`, signal));
    all.push(...folders.filter((folder) => isBackupId(folder) && folder.startsWith(`${name}-`)));
  }
  const ids = newest === Infinity ? all : all.sort((a, b) => compare(b, a)).slice(0, newest);

  const backups: BackupJson[] = [];
  const damaged: { backupId: string; error: AppError }[] = [];
  const unfinished: string[] = [];
  const readOne = async (backupId: string): Promise<void> => {
    try {
      const backup = await readBackupJson(store, backupId, signal);
      if (backup === null) unfinished.push(backupId);
      else backups.push(backup);
    } catch (error) {
      if (!(error instanceof AppError && error.code.startsWith('backup/'))) throw error;
      damaged.push({ backupId, error });
    }
  };
  for (let at = 0; at < ids.length; at += readsAtOnce) await Promise.all(ids.slice(at, at + readsAtOnce).map(readOne));
  backups.sort((a, b) => compare(b.startedAt, a.startedAt) || compare(b.backupId, a.backupId));
  return { backups, damaged, unfinished };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
