import { AppError, marks as marksSchema, parseJson, type Marks } from '#contracts';
import type { ObjectStore } from '#storage';
import { marksKey } from './keys.js';
import { readIfThere } from './read-if-there.js';

/** A backup's marks and the version of the file; null when nobody has marked it. Throws `backup/damaged` when they cannot be read: they may say that it is pinned. */
export async function readMarksFile(
  store: ObjectStore,
  backupId: string,
  signal: AbortSignal,
): Promise<{ readonly marks: Marks; readonly etag: string } | null> {
  const file = await readIfThere(store, marksKey(backupId), signal);
  if (file === null) return null;
  const failure = { code: 'backup/damaged', stage: 'store', what: `marks.json of ${backupId}`, hint } as const;
  return { marks: parseJson(marksSchema, file.bytes, failure), etag: file.etag };
}

const hint = 'Until marks.json in its folder is repaired or removed, the backup counts as pinned';

/** A backup's marks; null when nobody has marked it. Throws `backup/damaged` when they cannot be read. */
export async function readMarks(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<Marks | null> {
  return (await readMarksFile(store, backupId, signal))?.marks ?? null;
}

/**
 * What the marks say of the pin: `initial` (that of `backup.json`) where there are none. Marks that cannot be read may say that it is pinned, so they count as a
 * pin (spec/objects.md, "Marks"); `damage` tells why.
 */
export async function readPin(
  store: ObjectStore,
  backupId: string,
  initial: boolean,
  signal: AbortSignal,
): Promise<{ readonly pinned: boolean; readonly damage: AppError | null }> {
  try {
    return { pinned: (await readMarks(store, backupId, signal))?.pinned ?? initial, damage: null };
  } catch (error) {
    if (saysNothing(error)) return { pinned: true, damage: error };
    throw error;
  }
}

/** Marks that are there and cannot be read: damaged, or larger than any that Hazina writes. Anything else is an error of the store. */
export function saysNothing(error: unknown): error is AppError {
  return error instanceof AppError && ['backup/damaged', 'store/unsupported'].includes(error.code);
}
