import { AppError, type Clock, type Random, type StoreIdentity } from '#contracts';
import type { ObjectStore } from '#storage';
import { ensureStoreIdentity, requireStore } from './objects/store-identity.js';

/** Where the catalogue keeps which store it belongs to. */
export interface StoreBinding {
  storeId(): Promise<string | null>;
  /** Throws `store/changed` when another is known. */
  bindStore(storeId: string): Promise<void>;
}

interface BindDeps {
  readonly binding: StoreBinding;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The store's identity, which must be the one that the catalogue belongs to (`store/changed`). A store without identity gets one only while the catalogue
 * knows none: an unmounted volume must not look like an empty one.
 */
export async function bindStore(deps: BindDeps, signal: AbortSignal): Promise<StoreIdentity> {
  const { binding, store } = deps;
  const known = await binding.storeId();
  const identity =
    known === null
      ? await ensureStoreIdentity(store, deps.clock, deps.random, signal)
      : await requireStore(store, known, signal);
  if (identity === null)
    throw new AppError({
      code: 'store/changed',
      stage: 'store',
      message: `${store.location} has no hazina.json, and the catalogue knows a store that has one`,
      hint: 'Is the right bucket, prefix or volume configured, and the volume mounted? An unmounted volume looks like an empty store',
    });
  await binding.bindStore(identity.storeId);
  return identity;
}
