import { AppError, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { parseBackupJson } from '../objects/backup-json-file.js';
import { readIfThere } from '../objects/read-if-there.js';

/** `backup.json` of the other side's own words: the exact bytes, their version, and what they say. */
export interface CommitBytes {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Why they cannot be read, or what they say. */
  readonly backup: BackupJson | AppError;
}

export async function readCommitBytes(
  store: ObjectStore,
  key: string,
  backupId: string,
  signal: AbortSignal,
): Promise<CommitBytes | null> {
  const found = await readIfThere(store, key, signal);
  return found === null ? null : { ...found, backup: parsed(found.bytes, backupId) };
}

function parsed(bytes: Buffer, backupId: string): BackupJson | AppError {
  try {
    return parseBackupJson(bytes, backupId);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
