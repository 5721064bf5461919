import { isFinalTask, type TaskState } from '#contracts';
import { waitUntil } from '../services/wait-until.js';

/** The record of a restore, a drill or another task, once it has come to its end. */
export function settledTask<T extends { readonly status: TaskState }>(
  what: string,
  find: () => Promise<T | null>,
  { timeoutMs = 60_000, intervalMs = 50 } = {},
): Promise<T> {
  let seen: T | null = null;
  return waitUntil(
    async () => {
      seen = await find();
      return seen !== null && isFinalTask(seen.status) ? seen : undefined;
    },
    { what, timeoutMs, intervalMs, onTimeout: () => JSON.stringify(seen, undefined, 1) },
  );
}
