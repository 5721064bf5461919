import type { ObjectStore } from '#storage';
import { backupFolder, backupJsonKey } from '../objects/keys.js';

/** A copy that its record says to stand there. */
export interface RecordedCopy {
  readonly backupId: string;
  /** The attempt that is committed; null: nobody knows (any more). */
  readonly attempt: number | null;
}

/** Those of which a complete listing of the store does not show `backup.json`, data and manifest. */
export async function findLostCopies(
  store: ObjectStore,
  copies: readonly RecordedCopy[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of store.list('', signal)) keys.add(key);
  return new Set(copies.filter((copy) => !isListed(keys, copy)).map(({ backupId }) => backupId));
}

function isListed(keys: ReadonlySet<string>, { backupId, attempt }: RecordedCopy): boolean {
  if (!keys.has(backupJsonKey(backupId))) return false;
  if (attempt === null) return true;
  return ['data', 'manifest'].every((object) => keys.has(`${backupFolder(backupId)}${attempt}/${object}.hzn`));
}
