import type { Catalog } from '#catalog';
import { AppError, type Clock, type Marks } from '#contracts';
import { requireStore, writeMarks } from '#pipeline';
import type { ObjectStore } from '#storage';

interface MarkDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/**
 * Pin and label of a backup that has a record, as the service does it: wanted on the record first, then written to the store. What stays behind, the service's
 * reconciler writes. Null: the catalogue has no record of it, and the store alone holds its marks.
 */
export async function markRecorded(
  { catalog, store, clock }: MarkDeps,
  backupId: string,
  change: { readonly pinned?: boolean; readonly label?: string | null },
  signal: AbortSignal,
): Promise<Marks | null> {
  const { backups } = catalog;
  if ((await backups.find(backupId)) === null) return null;
  await requireStore(store, await catalog.settings.storeId(), signal);
  const marked = await backups.setMarks(backupId, change);
  if (marked === null) throw refused(backupId);
  // What the record wants now: another process may have wanted more meanwhile.
  const wanted = async () => {
    const record = await backups.find(backupId);
    if (record?.status !== 'completed') return null;
    return { version: record.marks.wanted, pinned: record.pinned, label: record.label };
  };
  const written = await writeMarks({ store, clock }, backupId, wanted, signal);
  if (written === null) throw refused(backupId);
  await backups.marksWritten(backupId, written.change.version);
  return written.marks;
}

/** Of a backup that stands in a destination until it is brought home: wanted on the record, and written there by the service. Null: it does not. */
export async function markElsewhere(
  { backups }: Pick<Catalog, 'backups'>,
  backupId: string,
  change: { readonly pinned?: boolean; readonly label?: string | null },
): Promise<(Pick<Marks, 'pinned' | 'label'> & { readonly place: string }) | null> {
  const place = (await backups.find(backupId))?.place ?? null;
  if (place === null) return null;
  const marked = await backups.setMarks(backupId, change);
  if (marked === null) throw refused(backupId);
  const { pinned, label } = marked;
  return { pinned, label, place };
}

function refused(backupId: string): AppError {
  return new AppError({
    code: 'backup/refused',
    stage: 'catalog',
    message: `${backupId} cannot be marked: it is being deleted, or its run has not ended`,
    hint: 'hazina show tells its state in the store; GET /api/admin/backups/ID that of its record',
  });
}
