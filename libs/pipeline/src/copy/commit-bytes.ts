import { AppError, type BackupJson } from '#contracts';
import type { ObjectStore } from '#storage';
import { parseBackupJson } from '../objects/backup-json-file.js';

/** `backup.json` of the other side's own words: the exact bytes, their version, and what they say. */
export interface CommitBytes {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Why they cannot be read, or what they say. */
  readonly backup: BackupJson | AppError;
}

/** A small file's bytes; null when it is not there. */
export async function readSmall(
  store: ObjectStore,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly etag: string } | null> {
  try {
    return await store.getBytes(key, mostBytes, signal);
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return null;
    throw error;
  }
}

const mostBytes = 16 * 1024 * 1024;

export async function readCommitBytes(
  store: ObjectStore,
  key: string,
  backupId: string,
  signal: AbortSignal,
): Promise<CommitBytes | null> {
  const found = await readSmall(store, key, signal);
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
