import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { backupJsonKey } from './keys.js';
import { readIfThere } from './read-if-there.js';

/**
 * Step (2) of the commit (spec/objects.md): puts `backup.json` if there is none yet. Whatever the store answered, what stands there decides:
 * the same bytes mean committed. Throws `commit/conflict` when other bytes stand there, and `outcomeUnknown` in the details when nobody can tell.
 */
export async function commit(
  store: ObjectStore,
  backupId: string,
  bytes: Buffer,
  conditional: boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    await store.putBytes(backupJsonKey(backupId), bytes, { signal, ifNoneMatch: conditional, lock: true });
  } catch (error) {
    if (await isCommitted(store, backupId, bytes, error)) return;
    throw error;
  }
}

/** Reads back what stands there. Without the run's signal: after a cancel this question still needs an answer. */
async function isCommitted(store: ObjectStore, backupId: string, bytes: Buffer, putError: unknown): Promise<boolean> {
  let standing: Buffer | null;
  try {
    standing = (await readIfThere(store, backupJsonKey(backupId)))?.bytes ?? null;
  } catch {
    throw outcomeUnknown(backupId, putError);
  }
  if (standing === null) return false;
  if (standing.equals(bytes)) return true;
  throw new AppError({
    code: 'commit/conflict',
    stage: 'commit',
    message: `Another backup.json stands in the folder of ${backupId}`,
    hint: 'Nothing was removed: compare the attempt folders by hand',
    cause: putError,
  });
}

function outcomeUnknown(backupId: string, cause: unknown): AppError {
  return new AppError({
    code: 'store/unreachable',
    stage: 'commit',
    retry: 'retry',
    message: `The store broke off while backup.json of ${backupId} was written, and nobody can tell whether it stands`,
    hint: `Nothing was removed. When the store answers again: hazina verify ${backupId} tells whether the backup is there`,
    cause,
    details: { outcomeUnknown: true },
  });
}
