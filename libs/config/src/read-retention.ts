import type { EnvironmentReader } from './environment-reader.js';

/** What is kept; a backup stays if any rule keeps it. Days and counts of 0 are no rule. */
export interface RetentionConfig {
  readonly retentionDays: number;
  readonly keepLast: number;
  readonly keepHourly: number;
  readonly keepDaily: number;
  readonly keepWeekly: number;
  readonly keepMonthly: number;
  readonly keepYearly: number;
  /** The newest that fit in so many bytes together. */
  readonly keepWithinBytes: number;
  /** Good backups of a target that are kept in any case. */
  readonly minKeep: number;
}

export const mostRetentionDays = 36_500;
export const mostKept = 10_000;

export function readRetention(reader: EnvironmentReader): RetentionConfig {
  const retention = {
    retentionDays: readRetentionDays(reader),
    keepLast: reader.integer('BACKUP_KEEP_LAST', 0, mostKept) ?? 0,
    keepHourly: reader.integer('BACKUP_KEEP_HOURLY', 0, mostKept) ?? 0,
    keepDaily: reader.integer('BACKUP_KEEP_DAILY', 0, mostKept) ?? 0,
    keepWeekly: reader.integer('BACKUP_KEEP_WEEKLY', 0, mostKept) ?? 0,
    keepMonthly: reader.integer('BACKUP_KEEP_MONTHLY', 0, mostKept) ?? 0,
    keepYearly: reader.integer('BACKUP_KEEP_YEARLY', 0, mostKept) ?? 0,
    keepWithinBytes: reader.integer('BACKUP_KEEP_WITHIN_BYTES', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    minKeep: reader.integer('BACKUP_MIN_KEEP', 1, mostKept) ?? 3,
  };
  if (!hasRule(retention))
    reader.problem('BACKUP_RETENTION_DAYS is 0, and no other rule keeps a backup: set one of BACKUP_KEEP_…');
  return retention;
}

/** 0: none by age. */
export function readRetentionDays(reader: EnvironmentReader): number {
  return reader.integer('BACKUP_RETENTION_DAYS', 0, mostRetentionDays) ?? 30;
}

/** `minKeep` is none: without a rule a mistake would leave nothing but so few. */
export function hasRule({ minKeep: _minKeep, ...rules }: RetentionConfig): boolean {
  return Object.values(rules).some((kept) => kept > 0);
}
