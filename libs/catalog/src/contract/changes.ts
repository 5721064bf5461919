import type { BackupRecord } from '#contracts';

/** What listeners are told of a backup: its state and how far it is. */
export const watchedFields = [
  'backupId',
  'target',
  'trigger',
  'status',
  'createdAt',
  'startedAt',
  'completedAt',
  'stage',
  'progress',
  'claim',
  'size',
  'error',
  'errorMessage',
  'verificationStatus',
  'pinned',
  'label',
  'cancelRequestedAt',
] as const satisfies readonly (keyof BackupRecord)[];

export interface WatchedBackup extends Pick<BackupRecord, (typeof watchedFields)[number]> {
  /** When its record was last updated, by the server's clock: every update moves it, also one that shows nothing. The epoch of a new one. */
  readonly changedAt: Date;
}

/**
 * Which backups changed, for those who listen. Any number of processes may ask; nothing is kept for them. Updates that meet may become visible in another
 * order than their times, by less than a second: who goes on from a time looks back a little further, and knows again what it saw. New records are found
 * among the open ones.
 */
export interface ChangeRepository {
  /** The time of the server, which `changedAt` is told by. */
  now(): Promise<Date>;
  /** Updated after that time, oldest first: of those the page after `skip`. */
  since(time: Date, page: { readonly skip: number; readonly limit: number }): Promise<readonly WatchedBackup[]>;
  /** Those that are not at rest: pending, in progress, deleting. */
  open(): Promise<readonly WatchedBackup[]>;
  /** Those of them that (still) have a record. */
  of(backupIds: readonly string[]): Promise<readonly WatchedBackup[]>;
}
