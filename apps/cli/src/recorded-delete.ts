import { alertKey, deletionCatalog, recordRefusal, recordRemoval, type Catalog } from '#catalog';
import { AppError, type BackupRecord, type Clock } from '#contracts';
import { refusedDeletion, requireStore, runDelete, type DeleteRequest, type DeleteResult } from '#pipeline';
import type { ObjectStore } from '#storage';

interface DeleteDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/**
 * Removes a backup that has a record, with the refusals of the API and the worker (spec/objects.md, "Deletion"): marked first, checked afterwards. What is
 * begun and not ended, the service's reconciler finishes. Returns the bytes that it freed. Throws `backup/refused`, `backup/not-found`.
 */
export async function deleteRecorded(
  deps: DeleteDeps,
  request: DeleteRequest & { readonly by: string },
  signal: AbortSignal,
): Promise<number> {
  const { catalog, store, clock } = deps;
  const { backupId, force, by } = request;
  const record = await catalog.backups.find(backupId);
  if (record === null || record.status === 'deleted') throw deleted(backupId);
  if (await isOverWithoutBackup(deps, record)) return 0;
  if (record.place !== null)
    throw refusedDeletion(backupId, {
      reason: 'in-use',
      message: `it stands in the destination ${record.place}, and is brought to the primary store: delete it then, or through the API`,
    });
  const storeId = await catalog.settings.storeId();
  await requireStore(store, storeId, signal);
  if (
    record.status !== 'deleting' &&
    (await catalog.backups.beginDelete(backupId, by, clock.now(), { force })) === null
  )
    throw refusedDeletion(backupId, { reason: 'not-deleting', message: 'its state has changed meanwhile' });
  const result = await remove(deps, { backupId, force }, signal);
  // A volume that was unmounted meanwhile has nothing: the record stays `deleting`, and a worker takes the deletion up again.
  await requireStore(store, storeId, signal);
  if (result.outcome !== 'deleted') {
    const ended = await recordRefusal(catalog.backups, backupId, result, clock.now());
    throw ended === 'waits' ? waits(backupId, result.message) : refusedDeletion(backupId, result);
  }
  await recordRemoval(catalog.backups, backupId, { by, at: clock.now() });
  await catalog.alerts.clear(alertKey('missing', backupId), {
    message: `Backup ${backupId}, which was missing in the store, was deleted`,
    ...{ at: clock.now(), target: record.target, backupId },
  });
  return result.freedBytes;
}

/** A lock or a missing right, before anything was removed: a backup as before. */
async function remove(
  { catalog, store, clock }: DeleteDeps,
  request: DeleteRequest,
  signal: AbortSignal,
): Promise<DeleteResult> {
  try {
    return await runDelete({ store, clock, catalog: deletionCatalog(catalog) }, request, signal);
  } catch (error) {
    const refused = error instanceof AppError && ['store/refused', 'store/locked'].includes(error.code);
    if (refused && error.details['standing'] === true)
      return { outcome: 'refused', isGone: false, reason: 'locked', message: error.message };
    throw error;
  }
}

/** What never became a backup: its record goes, and what is left in the store is the sweeper's. */
async function isOverWithoutBackup({ catalog, clock }: DeleteDeps, record: BackupRecord): Promise<boolean> {
  const { backupId, status, error } = record;
  if (status === 'pending' || status === 'in_progress')
    throw refusedDeletion(backupId, { reason: 'in-use', message: 'it is under way' });
  if (status !== 'failed' && status !== 'cancelled') return false;
  if (error?.code === 'commit/conflict')
    throw refusedDeletion(backupId, {
      reason: 'unreadable',
      message: 'its commit met something else in the store, and a whole backup may stand there',
    });
  return catalog.backups.deleted(backupId, clock.now());
}

/** It was begun by somebody, and nothing but the use stands against its end. */
function waits(backupId: string, message: string): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'delete',
    message: `${backupId} is being deleted, and its objects stay for now: ${message}`,
    hint: 'A worker removes them when that is over; without one, run the command again',
  });
}

function deleted(backupId: string): AppError {
  return new AppError({
    code: 'backup/not-found',
    stage: 'delete',
    message: `${backupId} was deleted already`,
    hint: 'hazina list shows every backup',
  });
}
