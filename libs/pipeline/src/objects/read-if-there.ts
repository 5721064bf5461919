import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';

/** More than any of the small files (`backup.json`, marks, sidecars) has. */
const mostBytes = 16 * 1024 * 1024;

/** A small file's bytes and version; null when it is not there. */
export async function readIfThere(
  store: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly etag: string } | null> {
  try {
    return await store.getBytes(key, mostBytes, signal);
  } catch (error) {
    if (error instanceof AppError && error.code === 'store/no-object') return null;
    throw error;
  }
}
