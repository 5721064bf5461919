import { foreverLocked, type ObjectStore } from './object-store.js';

/** The latest time that the store locks one of these objects until; null: none is locked now. */
export async function findLock(
  store: Pick<ObjectStore, 'head'>,
  keys: readonly string[],
  now: Date,
  signal?: AbortSignal,
): Promise<Date | null> {
  let latest: Date | null = null;
  for (const key of keys) {
    const until = (await store.head(key, signal))?.lockedUntil;
    if (until !== undefined && until > now && (latest === null || until > latest)) latest = until;
  }
  return latest;
}

/** A lock, as the end of a sentence that begins with the object. */
export function describeLock(until: Date): string {
  return until.getTime() === foreverLocked.getTime()
    ? 'the store keeps it under a legal hold'
    : `the store keeps it locked until ${until.toISOString()}`;
}
