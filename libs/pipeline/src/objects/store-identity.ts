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

/**
 * The store's identity, where it must be the one that the catalogue knows (null: it knows none yet, and any store will do). Another store, or one without
 * identity, is `store/changed`: an unmounted volume must not look like an empty one. Whoever verifies, deletes, sweeps or marks backups `missing` asks first.
 */
export async function requireStore(
  store: ObjectStore,
  expectedStoreId: string | null,
  signal: AbortSignal,
): Promise<StoreIdentity | null> {
  const identity = await readStoreIdentity(store, signal);
  if (expectedStoreId === null || identity?.storeId === expectedStoreId) return identity;
  throw new AppError({
    code: 'store/changed',
    stage: 'store',
    message: `${store.location} is ${identity === null ? 'no store of Hazina' : `the store ${identity.storeId}`}, but the backups of this catalogue lie in ${expectedStoreId}`,
    hint: 'Is the volume mounted, and are bucket and prefix the right ones? Nothing was verified, removed or marked as missing',
  });
}

/** Gives an empty store the identity of the one whose place it takes. Never over another one: `store/exists`. */
export async function putStoreIdentity(
  store: ObjectStore,
  { storeId, kdfSalt, createdAt }: { readonly storeId: string; readonly kdfSalt: string; readonly createdAt: Date },
  signal: AbortSignal,
): Promise<void> {
  const identity: StoreIdentity = { schema: 'hazina-store/1', storeId, kdfSalt, createdAt: createdAt.toISOString() };
  await store.putBytes(storeIdentityKey, Buffer.from(JSON.stringify(identity)), { signal, ifNoneMatch: true });
  await requireStore(store, storeId, signal);
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
