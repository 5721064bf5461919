import { describe, expect, it } from '@jest/globals';
import { systemClock, systemRandom } from '#contracts';
import { createMemoryStore } from '#storage';
import { noAbort } from '../../../../test/support/backup-world.js';
import { ensureStoreIdentity, requireStore } from './store-identity.js';

describe('the store that a catalogue belongs to', () => {
  it('is any store, as long as the catalogue knows none', async () => {
    const store = createMemoryStore();
    expect(await requireStore(store, null, noAbort)).toBeNull();
    const identity = await ensureStoreIdentity(store, systemClock, systemRandom, noAbort);
    expect(await requireStore(store, null, noAbort)).toEqual(identity);
    expect(await requireStore(store, identity.storeId, noAbort)).toEqual(identity);
  });

  it('is no other, and none without identity: an unmounted volume must not look like an empty one', async () => {
    const store = createMemoryStore();
    const expected = 'ab'.repeat(16);
    await expect(requireStore(store, expected, noAbort)).rejects.toMatchObject({ code: 'store/changed' });
    await ensureStoreIdentity(store, systemClock, systemRandom, noAbort);
    await expect(requireStore(store, expected, noAbort)).rejects.toMatchObject({ code: 'store/changed' });
  });
});
