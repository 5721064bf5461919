import { AppError } from '#contracts';
import type { Catalog } from '#catalog';
import type { CliContext } from '../context.js';

/**
 * Takes the empty store that stands where the primary store was lost for the primary store: it gets the identity that the catalogue knows, and what is not in it
 * becomes `missing`, so that the workers bring it back from the destinations (and tell of what stands in none of them). Another store of Hazina is never taken.
 */
export async function acceptPrimary(catalog: Catalog, context: CliContext): Promise<void> {
  const { clock, random, signal } = context;
  const { withStore } = await import('../open-store.js');
  const { everyMissing } = await import('#catalog');
  const { isGoneByRecord, putStoreIdentity, readStoreIdentity } = await import('#pipeline');
  const storeId = await catalog.settings.storeId();
  if (storeId === null)
    throw new AppError({
      ...{ code: 'store/changed', stage: 'store' },
      message: 'The catalogue knows no primary store yet: there is nothing to bring back',
      hint: 'Start a worker: it takes the store that stands there',
    });
  const kdfSalt = (await catalog.settings.kdfSalt()) ?? random.bytes(16).toString('hex');
  await withStore(context.config({ store: true }), async (store) => {
    const found = await readStoreIdentity(store, signal);
    if (found !== null && found.storeId !== storeId)
      throw new AppError({
        ...{ code: 'store/changed', stage: 'store' },
        message: `${store.location} is the store ${found.storeId}, and no empty one: it is left alone`,
        hint: 'Are bucket and prefix (or the volume) the right ones? What lies there belongs to another installation',
      });
    for (const record of await catalog.backups.completed()) {
      const { backupId, place } = record;
      if (place !== null || !(await isGoneByRecord(store, record, signal))) continue;
      await catalog.backups.markMissing(backupId, true, clock.now());
    }
    // Last: once the store counts as there, what is not missing may expire in the destinations.
    if (found === null) await putStoreIdentity(store, { storeId, kdfSalt, createdAt: clock.now() }, signal);
    // Those of an earlier call, that broke off, among them.
    const missing = (await everyMissing(catalog, null)).map(({ backupId }) => backupId);
    const standing = await catalog.copies.standing(missing);
    const lost = missing.filter((backupId) => !standing.has(backupId));
    context.say(
      `primary: ${store.location} is taken; ${missing.length} backups are missing in it: ${standing.size} stand in a destination, and the workers bring them back; ${lost.length} stand nowhere`,
    );
    for (const backupId of lost) context.say(`lost: ${backupId}`);
  });
}
