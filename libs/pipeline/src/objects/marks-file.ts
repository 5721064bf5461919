import { AppError, marks as marksSchema, parseJson, type Marks } from '#contracts';
import type { ObjectStore } from '#storage';
import { marksKey } from './keys.js';

const mostBytes = 16 * 1024 * 1024;

/** A backup's marks and the version of the file; null when nobody has marked it. Throws `backup/damaged` when they cannot be read: they may say that it is pinned. */
export async function readMarksFile(
  store: ObjectStore,
  backupId: string,
  signal: AbortSignal,
): Promise<{ readonly marks: Marks; readonly etag: string } | null> {
  try {
    const { bytes, etag } = await store.getBytes(marksKey(backupId), mostBytes, signal);
    const failure = { code: 'backup/damaged', stage: 'store', what: `marks.json of ${backupId}`, hint } as const;
    return { marks: parseJson(marksSchema, bytes, failure), etag };
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return null;
    throw error;
  }
}

const hint = 'Until marks.json in its folder is repaired or removed, the backup counts as pinned';

/** A backup's marks; null when nobody has marked it. Throws `backup/damaged` when they cannot be read. */
export async function readMarks(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<Marks | null> {
  return (await readMarksFile(store, backupId, signal))?.marks ?? null;
}
