import type { Catalog } from '#catalog';
import { AppError, type Clock, type Random, type StoreIdentity } from '#contracts';
import { ensureStoreIdentity, requireStore } from '#pipeline';
import type { ObjectStore } from '#storage';

interface BindDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The store's identity, which must be the one that the catalogue belongs to (`store/changed`). A store without identity gets one only while the catalogue
 * knows none: an unmounted volume must not look like an empty store.
 */
export async function bindStore(deps: BindDeps, signal: AbortSignal): Promise<StoreIdentity> {
  const { catalog, store } = deps;
  const known = await catalog.settings.storeId();
  const identity =
    known === null
      ? await ensureStoreIdentity(store, deps.clock, deps.random, signal)
      : await requireStore(store, known, signal);
  if (identity === null)
    throw new AppError({ code: 'store/changed', stage: 'store', message: 'The store has no identity' });
  await catalog.settings.bindStore(identity.storeId);
  return identity;
}
