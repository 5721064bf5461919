import type { BackupRecord, BackupState, UseKind } from '#contracts';
import type { Catalog } from '../contract/catalog.js';
import { isFoundBad } from './is-good.js';

/** What the records say of a backup that is to go (the pipeline's `DeletionView`, in the same form). */
export interface RecordedDeletionView {
  readonly status: BackupState;
  readonly pinned: boolean;
  readonly foundBad: boolean;
  readonly commitConflict: boolean;
  /** The attempt that its commit (1) names. */
  readonly committed: number | null;
  readonly usedBy: string | null;
  readonly otherGood: readonly string[];
}

/** The records as a deletion sees them. */
export function deletionCatalog(catalog: Catalog): {
  view(backupId: string): Promise<RecordedDeletionView | null>;
} {
  return { view: (backupId) => viewOf(catalog, backupId) };
}

/** A use that has no record of its own, in words. */
export const useTexts: Readonly<Record<UseKind, string>> = {
  rotation: 'its keys are being rotated',
  rewrite: 'it is being sealed anew',
  copy: 'it is being copied',
};

/** What uses a backup (spec/objects.md, "Deletion"), in words; null: nothing. */
export async function userOf(
  catalog: Catalog,
  { backupId, use }: Pick<BackupRecord, 'backupId' | 'use'>,
): Promise<string | null> {
  return use.kind === null ? readerOf(catalog, backupId) : useTexts[use.kind];
}

/** The same of those that have records of their own, and read it. */
export async function readerOf({ tasks, restores, drills, copies }: Catalog, backupId: string): Promise<string | null> {
  if (await tasks.uses(backupId)) return 'a verification of it waits or runs';
  if (await copies.uses(backupId)) return 'it is being copied to a destination';
  if (await restores.uses(backupId)) return 'a restore of it waits or runs';
  return (await drills.uses(backupId)) ? 'a drill of it waits or runs' : null;
}

async function viewOf(catalog: Catalog, backupId: string): Promise<RecordedDeletionView | null> {
  const record = await catalog.backups.find(backupId);
  if (record === null) return null;
  const [usedBy, otherGood] = await Promise.all([
    userOf(catalog, record),
    record.status === 'deleting' ? catalog.backups.otherGood(record) : [],
  ]);
  return {
    status: record.status,
    pinned: record.pinned,
    foundBad: isFoundBad(record),
    commitConflict: record.error?.code === 'commit/conflict',
    committed: record.commit?.attempt ?? null,
    usedBy,
    otherGood,
  };
}
