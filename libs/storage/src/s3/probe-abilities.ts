import { AppError, randomSuffix, systemRandom } from '#contracts';
import type { ObjectStore, PutBytesOptions, StoreAbilities } from '../object-store.js';
import { removeOrHide } from '../remove-or-hide.js';

/** What a bucket honours. Many compatible stores ignore conditions silently: only trying tells. */
export async function probeAbilities(store: ObjectStore, signal: AbortSignal | undefined): Promise<StoreAbilities> {
  const key = `_hazina/probe-${randomSuffix(systemRandom, 8)}`;
  const withSignal = signal === undefined ? {} : { signal };
  const refuses = async (options: PutBytesOptions): Promise<boolean> => {
    try {
      await store.putBytes(key, Buffer.from('probe'), { ...options, ...withSignal });
      return false;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'store/exists' || error.code === 'store/precondition-failed') return true;
      // Not known to the store at all: not honoured either.
      if (error.code === 'store/failed') return false;
      throw error;
    }
  };
  try {
    await store.putBytes(key, Buffer.from('first'), withSignal);
    const conditionalCreate = await refuses({ ifNoneMatch: true });
    const conditionalReplace = await refuses({ ifMatch: '"00000000000000000000000000000000"' });
    return { conditionalCreate, conditionalReplace, presign: true };
  } finally {
    await removeOrHide(store, key);
  }
}
