import type { EnvironmentReader } from './environment-reader.js';

/** What the store is asked to hold against removal. */
export interface ObjectLockConfig {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

export interface QuotaConfig {
  readonly bytes: number;
  /** Full: only said, or no backup is begun any more. */
  readonly policy: 'warn' | 'refuse';
}

export const storageClasses = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const;
export type StorageClassName = (typeof storageClasses)[number];

export const mostLockDays = 36_500;

export function readObjectLock(reader: EnvironmentReader): ObjectLockConfig | undefined {
  const mode = reader.oneOf('S3_OBJECT_LOCK_MODE', ['governance', 'compliance']);
  const isSet = reader.text('S3_OBJECT_LOCK_DAYS') !== undefined;
  if (mode === undefined) {
    if (isSet) reader.problem('S3_OBJECT_LOCK_DAYS needs S3_OBJECT_LOCK_MODE: governance or compliance');
    return undefined;
  }
  if (!isSet) {
    reader.problem('S3_OBJECT_LOCK_MODE needs S3_OBJECT_LOCK_DAYS: how long nobody may remove a backup');
    return undefined;
  }
  const days = reader.number('S3_OBJECT_LOCK_DAYS', 0, mostLockDays);
  if (days > 0) return { mode, days };
  reader.problem('S3_OBJECT_LOCK_DAYS must be above 0');
  return undefined;
}

export function readStorageClass(reader: EnvironmentReader): StorageClassName | undefined {
  return reader.oneOf('S3_STORAGE_CLASS', storageClasses);
}

/** Classes that give no bytes until an object was brought back, which takes hours. */
export const coldClasses = ['GLACIER', 'DEEP_ARCHIVE'] as const;

export function isCold(storageClass: StorageClassName | undefined): boolean {
  return coldClasses.some((cold) => cold === storageClass);
}

export function readQuota(reader: EnvironmentReader): QuotaConfig | undefined {
  const bytes = reader.integer('BACKUP_QUOTA_BYTES', 1, Number.MAX_SAFE_INTEGER);
  const policy = reader.oneOf('BACKUP_QUOTA_POLICY', ['warn', 'refuse']) ?? 'warn';
  if (bytes !== undefined) return { bytes, policy };
  if (policy === 'refuse') reader.problem('BACKUP_QUOTA_POLICY=refuse needs BACKUP_QUOTA_BYTES');
  return undefined;
}
