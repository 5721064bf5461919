import type { Catalog } from '#catalog';

export interface MissingKeys {
  /** Ids of keys that are not in the ring and without which a kept backup cannot be opened. */
  readonly keyIds: readonly string[];
  /** Kept backups that cannot be opened. */
  readonly backups: number;
}

/** Every kept backup must be one that this ring opens: any of its keys is enough. */
export async function findMissingKeys(catalog: Catalog, ours: readonly string[]): Promise<MissingKeys> {
  const known = new Set(ours);
  const missing = new Set<string>();
  let backups = 0;
  for (const { keyIds } of await catalog.backups.completed()) {
    if (keyIds.length === 0 || keyIds.some((keyId) => known.has(keyId))) continue;
    backups += 1;
    for (const keyId of keyIds) missing.add(keyId);
  }
  return { keyIds: [...missing].sort(), backups };
}
