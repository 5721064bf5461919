import type { EnvironmentReader, ReadFile } from './environment-reader.js';
import { parseTargetsFile } from './parse-targets-file.js';
import { coldClasses, isCold, type ObjectLockConfig, type StorageClassName } from './store-guards.js';
import type { TargetsFile } from './targets-file.js';

/** How the backups of one target lie in the primary store, where that is a bucket. */
export interface PlacementConfig {
  /** Absent: as S3_OBJECT_LOCK_MODE says; null: no lock. */
  readonly objectLock?: ObjectLockConfig | null;
  /** Of the data objects; absent: as S3_STORAGE_CLASS says. */
  readonly storageClass?: StorageClassName;
}

type Settings = Pick<TargetsFile['targets'][number], 'objectLock' | 'storageClass'>;
type Problem = (field: 'objectLock' | 'storageClass' | 'replicas', text: string) => void;

export function placementOf({ objectLock, storageClass }: Settings): PlacementConfig {
  return {
    ...(objectLock === undefined ? {} : { objectLock: objectLock.mode === 'off' ? null : objectLock }),
    ...(storageClass === undefined ? {} : { storageClass }),
  };
}

/** What no primary store can keep: a lock of a directory, a class of which nothing can be verified, or copied to a destination. */
export function checkPlacement(
  reader: EnvironmentReader,
  { objectLock, storageClass, replicas }: PlacementConfig & { readonly replicas: readonly string[] },
  problem: Problem,
): void {
  const hasBucket = reader.text('S3_BACKUP_BUCKET') !== undefined;
  if (!hasBucket) {
    const text = 'needs a bucket as the primary store (S3_BACKUP_BUCKET)';
    if (objectLock !== undefined && objectLock !== null) problem('objectLock', text);
    if (storageClass !== undefined) problem('storageClass', text);
  }
  const isVerified = reader.text('BACKUP_VERIFY') !== 'off' || reader.text('BACKUP_REVERIFY_DAYS') !== '0';
  const usedClass = hasBucket ? (storageClass ?? reader.text('S3_STORAGE_CLASS')) : undefined;
  const coldClass = coldClasses.find((cold) => cold === usedClass);
  if (coldClass !== undefined && replicas.length > 0)
    problem(
      storageClass === undefined ? 'replicas' : 'storageClass',
      `${storageClass === undefined ? 'cannot be copied: ' : ''}${coldClass} gives no bytes for hours, so no copy can be made from there: take another class, or replicas: []`,
    );
  if (isCold(storageClass) && isVerified)
    problem(
      'storageClass',
      `${storageClass ?? ''} gives no bytes for hours, so nothing can be verified there: let a lifecycle rule move data later (docs/s3.md), or set BACKUP_VERIFY=off and BACKUP_REVERIFY_DAYS=0`,
    );
}

/** By target, for processes that read no more of the file. What is wrong with it is told to whoever reads its targets. */
export function readPlacements(
  reader: EnvironmentReader,
  readFile: ReadFile,
): Readonly<Record<string, PlacementConfig>> {
  const path = reader.text('BACKUP_TARGETS_FILE');
  const file = path === undefined ? undefined : parseTargetsFile(path, readFile, () => undefined)?.file;
  return Object.fromEntries(
    (file?.targets ?? []).map((target) => {
      const { objectLock = file?.defaults?.objectLock, storageClass = file?.defaults?.storageClass } = target;
      return [target.name, placementOf({ objectLock, storageClass })];
    }),
  );
}
