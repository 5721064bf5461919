import { AppError, type BackupJson, type Manifest } from '#contracts';
import type { KeyRing } from '#crypto';
import type { ObjectStore } from '#storage';
import { requireBackupJson } from './backup-json-file.js';
import { checkObject } from './check-object.js';
import type { RecordedObjects } from './compare-record.js';
import { proveManifest } from './prove-manifest.js';
import { provePapers, requireReadable, type ProvenBackup } from './prove-backup.js';

/** A backup whose data lie in a cold class: `backup.json` and manifest agree, and of the data nothing but their size was seen. */
export interface ColdBackup {
  readonly backup: BackupJson;
  readonly manifest: Manifest;
  /** `store/cold`: the class, what to ask for, how long it takes. */
  readonly cold: AppError;
  readonly warnings: readonly string[];
}

export function isCold(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'store/cold';
}

/**
 * As `proveBackup`, for whoever only plans: of a backup whose data lie in a cold class what can be known without them. Manifest and `backup.json` are never put there,
 * but a lifecycle rule may have moved them: then `store/cold` is thrown, for nothing can be planned.
 */
export async function proveForPlan(
  deps: { store: ObjectStore; ring: KeyRing },
  backupId: string,
  signal: AbortSignal,
  recorded: RecordedObjects | null = null,
): Promise<ProvenBackup | ColdBackup> {
  const backup = await requireBackupJson(deps.store, backupId, signal);
  requireReadable(deps.ring, backup, recorded);
  const { data } = backup.objects;
  try {
    await checkObject(deps.store, backup, data, 'mongodump-archive', signal);
  } catch (error) {
    if (!isCold(error)) throw error;
    return { backup, cold: error, ...(await proveManifest(deps, backup, recorded !== null, signal)) };
  }
  // It was brought back by now.
  return provePapers(deps, backup, signal, recorded);
}
