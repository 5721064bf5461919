import { AppError } from '#contracts';
import type { ObjectStore } from './object-store.js';

/** Whether a lock of the store stands against it: no fault, and over at a date. */
export function isLocked(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'store/locked';
}

/** Removes what must not be seen any more; what a lock holds (a bucket may lock everything) is taken out of sight, and its bytes go some other time. */
export async function removeOrHide(
  store: Pick<ObjectStore, 'delete' | 'hide'>,
  key: string,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await store.delete(key, signal);
  } catch (error) {
    if (!isLocked(error)) throw error;
    await store.hide(key, signal);
  }
}
