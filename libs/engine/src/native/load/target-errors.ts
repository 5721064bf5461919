import { MongoServerError } from 'mongodb';
import { AppError, type Stage } from '#contracts';
import { translateMongoError } from '../../connection/index.js';

/** Runs a step against the target; what the driver throws comes out as an AppError of the target's side. */
export async function onTarget<T>(stage: Stage, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof AppError ? error : translateMongoError(error, 'target', stage);
  }
}

/** Codes that speak of the server's state or of rights, not of what was asked. */
const passing = new Set([
  6, 7, 13, 18, 50, 89, 91, 112, 189, 262, 8000, 9001, 10107, 11600, 11602, 13388, 13435, 13436,
]);

/** Did the server understand the command and refuse what it defines? Then the same command fails again tomorrow. */
export function isDefinitionRefusal(error: unknown): error is MongoServerError {
  return (
    error instanceof MongoServerError && !passing.has(Number(error.code)) && !error.hasErrorLabel('RetryableWriteError')
  );
}

/** Runs `work` for every item, a few at once; after the first error nothing new begins. */
export async function forEachFew<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // All settle first: nothing runs on behind the caller's back.
  const results = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  const rejected = results.find((result) => result.status === 'rejected');
  if (rejected) throw rejected.reason;
}
