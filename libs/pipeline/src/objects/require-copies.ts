import { AppError } from '#contracts';
import type { ObjectStore } from '#storage';
import { readStoreIdentity } from './store-identity.js';

/** A destination that holds nothing at all, not even its identity, may be a volume that is not mounted, or a wrong prefix: what is said of its copies would be said of none. */
export async function requireCopies(name: string, store: ObjectStore, signal: AbortSignal): Promise<void> {
  if ((await readStoreIdentity(store, signal)) !== null || (await holdsFolders(store, signal))) return;
  throw new AppError({
    code: 'store/changed',
    stage: 'store',
    message: `The destination ${name} (${store.location}) is empty: it has neither copies nor hazina.json`,
    hint: 'Is the volume mounted, and are bucket and prefix the right ones? A new destination gets its hazina.json with its first copy',
  });
}

/** What was copied by hand into a new destination stands there without hazina.json. */
export async function holdsFolders(store: ObjectStore, signal: AbortSignal): Promise<boolean> {
  for await (const _folder of store.listFolders('', signal)) return true;
  return false;
}
