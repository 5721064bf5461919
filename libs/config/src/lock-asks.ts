import type { PlacementConfig } from './placement.js';
import type { StoreConfig } from './store-config.js';
import type { ObjectLockConfig } from './store-guards.js';

/** A lock that a bucket is asked for, and the setting that asks for it. */
export interface LockAskConfig extends ObjectLockConfig {
  readonly by: string;
}

interface Placed {
  readonly name: string;
  readonly placement?: PlacementConfig | undefined;
}

/** Of the primary store: by the environment for every backup, and by targets for theirs. */
export function lockAsks(store: StoreConfig, targets: readonly Placed[]): readonly LockAskConfig[] {
  if (store.kind !== 's3') return [];
  const usual = store.objectLock === undefined ? [] : [{ ...store.objectLock, by: 'S3_OBJECT_LOCK_MODE' }];
  const own = targets.flatMap(({ name, placement }) => {
    const lock = placement?.objectLock ?? null;
    return lock === null ? [] : [{ ...lock, by: `objectLock of the target ${name}` }];
  });
  return [...usual, ...own];
}

/** Of a destination, for every copy. */
export function lockAsksOfDestination(name: string, store: StoreConfig): readonly LockAskConfig[] {
  if (store.kind !== 's3' || store.objectLock === undefined) return [];
  return [{ ...store.objectLock, by: `objectLock of the destination ${name}` }];
}
