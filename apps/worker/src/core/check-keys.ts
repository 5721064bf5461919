import type { Catalog } from '#catalog';

export interface MissingKeys {
  /** Ids of keys that are not in the ring and without which a kept backup cannot be opened. */
  readonly keyIds: readonly string[];
  /** Kept backups that cannot be opened. */
  readonly backups: number;
  /** The newest of them. */
  readonly newest: readonly string[];
}

export const noMissingKeys: MissingKeys = { keyIds: [], backups: 0, newest: [] };
/** So many are named. */
const mostNamed = 10;

/** Every kept backup must be one that this ring opens: any of its keys is enough. */
export async function findMissingKeys(catalog: Catalog, ours: readonly string[]): Promise<MissingKeys> {
  const known = new Set(ours);
  const missing = new Set<string>();
  const closed: string[] = [];
  // Oldest first.
  for (const { backupId, keyIds } of await catalog.backups.completed()) {
    if (keyIds.length === 0 || keyIds.some((keyId) => known.has(keyId))) continue;
    closed.push(backupId);
    for (const keyId of keyIds) missing.add(keyId);
  }
  return { keyIds: [...missing].sort(), backups: closed.length, newest: closed.slice(-mostNamed).reverse() };
}
