import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { readBackupJson } from '../objects/backup-json-file.js';
import { backupFolder, backupJsonKey } from '../objects/keys.js';

/** A copy that its record says to stand there. */
export interface RecordedCopy {
  readonly backupId: string;
  /** The attempt that is committed; null: nobody knows (any more). */
  readonly attempt: number | null;
}

/** Those of which a complete listing of the store does not show `backup.json`, data and manifest. */
export async function findLostCopies(
  store: ObjectStore,
  copies: readonly RecordedCopy[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of store.list('', signal)) keys.add(key);
  const lost = new Set<string>();
  for (const copy of copies)
    if (!isListed(keys, copy) && !(await standsAsAnother(store, keys, copy, signal))) lost.add(copy.backupId);
  return lost;
}

/** Sealed anew there, and not noted any more: what `backup.json` there names is listed. */
async function standsAsAnother(
  store: ObjectStore,
  keys: ReadonlySet<string>,
  { backupId, attempt }: RecordedCopy,
  signal: AbortSignal,
): Promise<boolean> {
  if (!keys.has(backupJsonKey(backupId))) return false;
  try {
    const standing = (await readBackupJson(store, backupId, signal))?.attempt ?? null;
    return standing !== null && standing !== attempt && isListed(keys, { backupId, attempt: standing });
  } catch (error) {
    // One that cannot be read names nothing.
    if (error instanceof AppError && ['backup/damaged', 'backup/mismatch'].includes(error.code)) return false;
    throw error;
  }
}

function isListed(keys: ReadonlySet<string>, { backupId, attempt }: RecordedCopy): boolean {
  if (!keys.has(backupJsonKey(backupId))) return false;
  if (attempt === null) return true;
  return ['data', 'manifest'].every((object) => keys.has(`${backupFolder(backupId)}${attempt}/${object}.hzn`));
}
