import type { BackupJson, BackupMetadata, RunResources } from '#contracts';
import type { BackupOutcome } from '../backup-types.js';
import { backupFolder } from './keys.js';

/** A record is one document of at most 16 MB: of very many collections it lists the first, its totals count all, and the manifest holds the rest. */
const mostListed = 10_000;

/** What a record is completed with (the catalogue's `CompletedFacts`, in the same form). */
export interface RecordedFacts {
  readonly backup: BackupJson;
  readonly s3Key: string;
  readonly metadata: BackupMetadata | null;
  readonly warnings: readonly string[];
  readonly resources: RunResources | null;
  readonly storeId: string;
  /** Absent: nobody has looked. */
  readonly lockedUntil?: Date | null;
}

/** `prefix`: of the store's keys; none in a directory. */
export function completedFacts(
  { backup, metadata, warnings }: BackupOutcome,
  {
    prefix,
    storeId,
    resources,
    lockedUntil,
  }: { prefix: string; storeId: string; resources: RunResources | null; lockedUntil?: Date | null },
): RecordedFacts {
  return {
    ...{ backup, resources, storeId },
    ...(lockedUntil === undefined ? {} : { lockedUntil }),
    s3Key: `${prefix}${backupFolder(backup.backupId)}${backup.objects.data.key}`,
    metadata: metadata === null ? null : { ...metadata, collections: metadata.collections.slice(0, mostListed) },
    warnings: warnings.slice(0, mostListed),
  };
}
