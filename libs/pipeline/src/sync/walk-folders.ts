import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { meaningOf, type KeyMeaning } from '../objects/key-pattern.js';

/** What a complete listing shows of one backup's folder. */
export interface Folder {
  readonly backupId: string;
  hasBackupJson: boolean;
  hasMarks: boolean;
  /** By attempt: names and sizes. */
  readonly attempts: Map<number, Map<string, number>>;
}

/**
 * The backups' folders of a store (of one target) in the order of their keys, one at a time: memory does not grow with the store. Ends only when the listing
 * was complete; one that is out of order hides what it leaves out, and is an error (`store/unsupported`).
 */
export async function* walkFolders(
  store: ObjectStore,
  target: string | null,
  onForeign: (key: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Folder, void, undefined> {
  let folder: Folder | null = null;
  let last = '';
  for await (const { key, bytes } of store.list(target === null ? '' : `${target}/`, signal)) {
    if (key <= last) throw outOfOrder(store, last, key);
    last = key;
    const meaning = meaningOf(key);
    if (meaning.kind === 'foreign') onForeign(key);
    if (meaning.kind === 'foreign' || meaning.kind === 'own') continue;
    const next: Folder = folder?.backupId === meaning.backupId ? folder : emptyFolder(meaning.backupId);
    if (folder !== null && next !== folder) yield folder;
    folder = next;
    note(folder, meaning, bytes);
  }
  if (folder !== null) yield folder;
}

type OfBackup = Exclude<KeyMeaning, { readonly kind: 'own' | 'foreign' }>;

function note(folder: Folder, meaning: OfBackup, bytes: number): void {
  if (meaning.kind === 'attempt') {
    const objects = folder.attempts.get(meaning.attempt) ?? new Map<string, number>();
    folder.attempts.set(meaning.attempt, objects.set(meaning.name, bytes));
  } else if (meaning.kind === 'marks') folder.hasMarks = true;
  else folder.hasBackupJson = true;
}

function emptyFolder(backupId: string): Folder {
  return { backupId, hasBackupJson: false, hasMarks: false, attempts: new Map() };
}

function outOfOrder(store: ObjectStore, last: string, key: string): AppError {
  return new AppError({
    code: 'store/unsupported',
    stage: 'catalog',
    message: `${store.location} lists its objects out of order (${JSON.stringify(key)} after ${JSON.stringify(last)}), so nobody can tell what is missing`,
    hint: 'Nothing was changed in the catalogue for it. Use a store that lists its keys in order, as S3 does',
  });
}
