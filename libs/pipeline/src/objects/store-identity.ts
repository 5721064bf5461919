import { AppError, parseJson, storeIdentity, type Clock, type Random, type StoreIdentity } from '#contracts';
import type { ObjectStore } from '#storage';
import { storeIdentityKey } from './keys.js';

const mostBytes = 64 * 1024;

/** The store's identity; null when it has none yet. */
export async function readStoreIdentity(store: ObjectStore, signal: AbortSignal): Promise<StoreIdentity | null> {
  if ((await store.head(storeIdentityKey, signal)) === null) return null;
  const { bytes } = await store.getBytes(storeIdentityKey, mostBytes, signal);
  return parseJson(storeIdentity, bytes, {
    code: 'store/changed',
    stage: 'store',
    what: `${storeIdentityKey} in ${store.location}`,
    hint: 'The store has lost its identity: bring the file back from a copy of the store before anything is written',
  });
}

/** The store's identity, made on first use and read again after writing: when two first starts race, both take the one that stands (spec/objects.md). */
export async function ensureStoreIdentity(
  store: ObjectStore,
  clock: Clock,
  random: Random,
  signal: AbortSignal,
): Promise<StoreIdentity> {
  const existing = await readStoreIdentity(store, signal);
  if (existing !== null) return existing;
  const fresh: StoreIdentity = {
    schema: 'hazina-store/1',
    storeId: random.bytes(16).toString('hex'),
    kdfSalt: random.bytes(16).toString('hex'),
    createdAt: clock.now().toISOString(),
  };
  try {
    await store.putBytes(storeIdentityKey, Buffer.from(JSON.stringify(fresh)), { signal, ifNoneMatch: true });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'store/exists')) throw error;
  }
  const standing = await readStoreIdentity(store, signal);
  if (standing !== null) return standing;
  throw new AppError({
    code: 'store/failed',
    stage: 'store',
    message: `${storeIdentityKey} was written to ${store.location} but cannot be read back`,
    hint: 'Run hazina storage check',
  });
}
