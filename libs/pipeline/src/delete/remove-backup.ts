import { AppError } from '#contracts';
import { removeOrHide, type ObjectStore } from '#storage';
import { inRemovalOrder, meaningOf } from '../objects/key-pattern.js';
import { backupFolder, backupJsonKey, marksKey } from '../objects/keys.js';
import { removeHiddenOf } from './remove-hidden.js';

/**
 * Removes everything of ours in a backup's folder, in the order of spec/objects.md: `backup.json`, marks, manifest, data, sidecars, lease; open uploads too, and a
 * `backup.json` that came late. Repeatable. Foreign names stay. Returns the bytes of what it removed.
 */
export async function removeBackup(store: ObjectStore, backupId: string, signal: AbortSignal): Promise<number> {
  let standing = true;
  try {
    const entries: { key: string; bytes: number }[] = [];
    for await (const { key, bytes } of store.list(backupFolder(backupId), signal)) entries.push({ key, bytes });
    await store.delete(backupJsonKey(backupId), signal);
    standing = false;
    await store.delete(marksKey(backupId), signal);
    for await (const upload of store.listUploads(backupFolder(backupId), signal))
      if (meaningOf(upload.key).kind !== 'foreign') await store.abortUpload(upload, signal);
    const ours = entries.filter(({ key }) => meaningOf(key).kind !== 'foreign');
    const objects = ours.filter(({ key }) => meaningOf(key).kind === 'attempt');
    for (const key of inRemovalOrder(objects.map(({ key }) => key))) await store.delete(key, signal);
    // An attempt that was asleep may have put it meanwhile, and left it to us as long as the objects stood (decision 0113).
    if ((await store.head(backupJsonKey(backupId), signal)) !== null)
      await removeOrHide(store, backupJsonKey(backupId), signal);
    await removeHiddenOf(store, backupId, signal);
    return ours.reduce((sum, { bytes }) => sum + bytes, 0);
  } catch (error) {
    throw notRemoved(AppError.from(error, 'delete'), backupId, standing);
  }
}

/** A lock or a missing right may end: the removal is repeated later, and never in a loop of its own. */
function notRemoved(cause: AppError, backupId: string, standing: boolean): AppError {
  const refused = cause.code === 'store/refused' || cause.code === 'store/locked';
  return new AppError({
    code: cause.code,
    stage: 'delete',
    retry: refused ? 'retry' : cause.retry,
    message: `${backupId} was not removed${standing ? '' : ' completely'}: ${cause.message}`,
    hint: refused
      ? 'An object lock, a legal hold or a missing right to delete: the removal is tried again later'
      : (cause.hint ?? 'The removal is tried again later'),
    cause,
    details: { ...cause.details, standing },
  });
}
