import { AppError, type BackupJson } from '#contracts';
import { inspectHeader, type KeyRing, type ReadHeader, type Slot } from '#crypto';
import type { ObjectStore } from '#storage';
import { isContainerError, warningTexts, type StoredHeader } from '../objects/object-headers.js';
import { checkObject, openObject, type ObjectKind } from '../objects/check-object.js';
import { refuseForOthers } from '../rotate/refuse-for-others.js';

export interface SealJudgement {
  /** The key slots found. */
  readonly keyIds: readonly string[];
  /** Its data keys were never in other hands than those of the current keys: nothing to do. */
  readonly current: boolean;
  readonly warnings: readonly string[];
}

/**
 * Whether a backup's data keys are sealed to the current keys alone, and always were: the headers inside both files name these and no others, open with them
 * alone, and no sidecar lies beside them. A sidecar tells that the data key was rewrapped, so that who held another key may know it. Throws when our keys do
 * not open it, and when a sidecar is for others (`refuseForOthers`).
 */
export async function judgeSeal(
  { store, ring }: { readonly store: ObjectStore; readonly ring: KeyRing },
  backup: BackupJson,
  wanted: readonly string[],
  signal: AbortSignal,
): Promise<SealJudgement> {
  const keyIds = new Set<string>();
  const warnings: string[] = [];
  const strangers = new Set<string>();
  let current = true;
  const { data, manifest } = backup.objects;
  for (const [kind, object] of [
    ['manifest', manifest],
    ['mongodump-archive', data],
  ] as const) {
    const stored = await checkObject(store, backup, object, kind, signal);
    const opened = await openObject(ring, backup, object, kind, stored);
    await refuseForOthers(ring, stored, opened);
    for (const { keyId } of opened.header.slots) keyIds.add(keyId);
    // The header in the file opens for its keys as long as the file lies there, whatever a sidecar says.
    for (const slot of [...opened.header.slots, ...slotsOf(stored.first)])
      if ((await ring.ownerOf(slot)) === 'unknown') strangers.add(slot.keyId);
    warnings.push(...warningTexts(stored, opened));
    current &&= namesOnly(stored, wanted) && (await opensAlone(ring.currentOnly(), backup, kind, stored));
  }
  for (const keyId of strangers)
    warnings.push(
      `${backup.backupId} has a slot of the key ${keyId}, which is not at hand: sealed anew, it no longer opens with it (a recipient is named in BACKUP_RECIPIENTS)`,
    );
  return { keyIds: [...keyIds], current, warnings };
}

function namesOnly({ first, sidecar, sidecarFailure }: StoredHeader, wanted: readonly string[]): boolean {
  if (sidecar !== undefined || sidecarFailure !== undefined) return false;
  const found = slotsOf(first).map(({ keyId }) => keyId);
  return found.length === wanted.length && wanted.every((keyId) => found.includes(keyId));
}

function slotsOf(first: Buffer): readonly Slot[] {
  try {
    return inspectHeader(first).slots;
  } catch (error) {
    if (isContainerError(error)) return [];
    throw error;
  }
}

async function opensAlone(ring: KeyRing, backup: BackupJson, kind: ObjectKind, stored: StoredHeader): Promise<boolean> {
  const object = kind === 'manifest' ? backup.objects.manifest : backup.objects.data;
  try {
    const opened: ReadHeader = await openObject(ring, backup, object, kind, stored);
    return opened.from === 'file';
  } catch (error) {
    if (isContainerError(error) || (error instanceof AppError && error.code === 'keys/write-only')) return false;
    throw error;
  }
}
