import { AppError, type BackupJson } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import type { CommitRecord } from '../deps.js';
import { parseBackupJson } from '../objects/backup-json-file.js';
import { conflict, findLoss, isLetGo } from '../objects/confirm.js';
import { backupJsonKey } from '../objects/keys.js';
import { readIfThere } from '../objects/read-if-there.js';

/** One write is enough; the others are for rivals. */
const mostWrites = 6;

/**
 * Puts the `backup.json` that the record of a rewritten backup holds in the place of the older one (spec/objects.md, "Commit"): with `If-Match` where the store
 * honours it, and looked at again afterwards, since a writer that slept may have put an older one over a newer. Anybody may repeat it at any time. False: there
 * is nothing to do. Never makes a `backup.json` where none stands (`backup/missing`): that backup was deleted or is lost.
 */
export async function settleCommit(
  { store, record }: { readonly store: ObjectStore; readonly record: CommitRecord },
  backupId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { conditionalReplace } = await store.abilities(signal);
  for (let writes = 0; writes <= mostWrites; writes += 1) {
    const wanted = await record.commit();
    const standing = await readIfThere(store, backupJsonKey(backupId), signal);
    if (wanted === null || (!wanted.due && writes === 0)) return false;
    const { attempt, bytes, status } = wanted;
    const backup = (): BackupJson => parseBackupJson(Buffer.from(bytes), backupId);
    if (status === 'deleting' || status === 'deleted') {
      // Step (3): what was put meanwhile must not stand. What others put is theirs.
      if (writes > 0 && (await isLetGo(store, status, backup, signal)))
        await removeOrHide(store, backupJsonKey(backupId));
      return false;
    }
    if (standing === null) throw gone(backupId);
    if (standing.bytes.toString('utf8') === bytes) {
      await record.settled(attempt);
      return true;
    }
    const loss = await findLoss(store, backup(), signal);
    if (loss !== null) throw conflict(backupId, loss);
    await replace(store, backupId, Buffer.from(bytes), {
      ...(conditionalReplace ? { ifMatch: standing.etag } : {}),
      signal,
    });
  }
  throw new AppError({
    code: 'store/precondition-failed',
    stage: 'commit',
    retry: 'retry',
    message: `backup.json of ${backupId} was changed by others again and again`,
    hint: 'Try again',
  });
}

/** A put that another was faster than is no error here: the next look tells what stands. */
async function replace(
  store: ObjectStore,
  backupId: string,
  bytes: Buffer,
  options: { readonly ifMatch?: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await store.putBytes(backupJsonKey(backupId), bytes, { ...options, lock: true });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'store/precondition-failed')) throw error;
  }
}

function gone(backupId: string): AppError {
  return new AppError({
    code: 'backup/missing',
    stage: 'commit',
    message: `backup.json of ${backupId} is not in the store any more`,
    hint: 'It was deleted, or lost: hazina catalog sync --adopt brings it back when its objects are good',
  });
}
